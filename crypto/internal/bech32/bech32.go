// Package bech32 writes the text form of an age identity.
//
// age offers no public constructor for an X25519 identity from 32 raw bytes, but
// it parses the Bech32 text of one. This is the encoding half of BIP-173 as age
// uses it, without the limit of 90 characters. It does not decode: age does.
package bech32

import "strings"

const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

var generator = [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}

// Encode returns prefix ‖ "1" ‖ data ‖ checksum in lower case. The prefix is
// lower-case ASCII and not empty; for age's upper-case forms raise the result.
func Encode(prefix string, data []byte) string {
	values := regroup(data)
	var out strings.Builder
	out.WriteString(prefix + "1")
	for _, v := range values {
		out.WriteByte(charset[v])
	}
	for _, v := range checksum(prefix, values) {
		out.WriteByte(charset[v])
	}
	return out.String()
}

// regroup turns bytes into groups of five bits, the last one padded with zeros.
func regroup(data []byte) []byte {
	var out []byte
	var acc uint32
	bits := 0
	for _, b := range data {
		acc = acc<<8 | uint32(b)
		for bits += 8; bits >= 5; {
			bits -= 5
			out = append(out, byte(acc>>bits)&31)
		}
	}
	if bits > 0 {
		out = append(out, byte(acc<<(5-bits))&31)
	}
	return out
}

func checksum(prefix string, values []byte) [6]byte {
	var all []byte
	for _, c := range []byte(prefix) {
		all = append(all, c>>5)
	}
	all = append(all, 0)
	for _, c := range []byte(prefix) {
		all = append(all, c&31)
	}
	all = append(append(all, values...), 0, 0, 0, 0, 0, 0)

	sum := uint32(1)
	for _, v := range all {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	sum ^= 1
	var out [6]byte
	for i := range out {
		out[i] = byte(sum>>(5*(5-i))) & 31
	}
	return out
}
