// Reads a claim link and derives its auth value, exactly as package crypto/claim does; the vectors in
// crypto/testdata/vectors hold the two together. Nothing here sends anything.

const encoder = new TextEncoder();
const idAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
const textAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const fragmentLength = 50; // 1 byte of version, 32 of secret, 4 of checksum

// LinkError.code is "malformed", "truncated", "version", "checksum" or "insecure". Of a link that is cut, found says how
// many of the characters behind the "#" are there; -1: not even the payment's id is whole.
export class LinkError extends Error {
  constructor(code, found = -1) {
    super("claim link: " + code);
    this.code = code;
    this.found = found;
  }
}

const ranks = { checksum: 3, version: 2, truncated: 1 };

// findLink reads a link out of what programs make of it, as claim.Find does: {payment, secret, link}, where link is the
// whole link as it was made. It throws a LinkError.
export async function findLink(text) {
  let best = new LinkError("malformed");
  const better = (err) => {
    if ((ranks[err.code] ?? 0) > (ranks[best.code] ?? 0) || (err.code === best.code && err.found > best.found)) best = err;
  };
  for (let round = 0; round < 3; round++) {
    for (const plain of [text, whole(text)]) {
      const found = await findIn(plain, better);
      if (found) return found;
    }
    const next = unescaped(text);
    if (next === text) break;
    text = next;
  }
  throw best;
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// whole joins lines, and drops what replies and wrapping programs put at their ends and what cannot be seen.
function whole(text) {
  return text
    .split("\n")
    .map((line) => line.replace(/^[> \t]+/, "").trimEnd().replace(/=$/, ""))
    .join("")
    .replace(/[\s\p{Cf}\p{Cc}]/gu, "");
}

async function findIn(text, better) {
  for (let at = text.indexOf("/c/pay_"); at >= 0; at = text.indexOf("/c/pay_", at + 1)) {
    const start = Math.max(text.lastIndexOf("http://", at), text.lastIndexOf("https://", at));
    const base = start < 0 ? "" : text.slice(start, at);
    if (!validBase(base)) continue;
    const payment = text.slice(at + 3, at + 33);
    if (!validID(payment)) {
      better(new LinkError("truncated"));
      continue;
    }
    const rest = text.slice(at + 33);
    if (!rest.includes("#")) better(new LinkError("truncated", 0));
    for (let hash = rest.indexOf("#"); hash >= 0; hash = rest.indexOf("#", hash + 1)) {
      const fragment = /^[A-Za-z0-9_-]*/.exec(rest.slice(hash + 1))[0].slice(0, fragmentLength);
      try {
        return { payment, secret: await readFragment(payment, fragment), link: `${base}/c/${payment}#${fragment}` };
      } catch (err) {
        if (!(err instanceof LinkError) || err.code === "insecure") throw err;
        better(err.code === "truncated" ? new LinkError("truncated", fragment.length) : err);
      }
    }
  }
  return null;
}

// readLink returns {payment, secret} of a link's text, or throws a LinkError.
export async function readLink(text) {
  text = text.trim();
  const hash = text.indexOf("#");
  const address = hash < 0 ? text : text.slice(0, hash);
  const fragment = hash < 0 ? "" : text.slice(hash + 1);
  const at = address.lastIndexOf("/c/");
  if (at < 0 || !validBase(address.slice(0, at))) throw new LinkError("malformed");
  const payment = address.slice(at + 3);
  if (hash < 0 && cutID(payment)) throw new LinkError("truncated");
  if (!validID(payment)) throw new LinkError("malformed");
  return { payment, secret: await readFragment(payment, fragment) };
}

async function readFragment(payment, fragment) {
  const values = [...fragment].map((c) => textAlphabet.indexOf(c));
  if (values.includes(-1)) throw new LinkError("malformed");
  // The version is looked at before the length, which another version may set anew.
  if (values.length >= 2 && ((values[0] << 2) | (values[1] >> 4)) !== 1) throw new LinkError("version");
  if (values.length < fragmentLength) throw new LinkError("truncated");
  const raw = values.length === fragmentLength ? regroup(values, 6) : null;
  if (!raw) throw new LinkError("malformed");
  const secret = raw.slice(1, 33);
  const sum = await sha256(join(encoder.encode("restante/v1/link-checksum"), raw.slice(0, 1), encoder.encode(payment), secret));
  if (raw.slice(33).some((b, i) => b !== sum[i])) throw new LinkError("checksum");
  return secret;
}

// deriveAuth is HKDF-SHA256 (RFC 5869) of the secret: salt = payment id,
// info = uint16 length ‖ label ‖ uint16 length ‖ SHA-256(network passphrase), 32 bytes as base64url.
export async function deriveAuth(secret, payment, network) {
  const label = encoder.encode("restante/v1/claim-auth");
  const id = await sha256(encoder.encode(network));
  const info = join(uint16(label.length), label, uint16(id.length), id);
  const key = await subtle().importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const bits = await subtle().deriveBits({ name: "HKDF", hash: "SHA-256", salt: encoder.encode(payment), info }, key, 256);
  return base64url(new Uint8Array(bits));
}

function subtle() {
  // Browsers offer it on https and on this machine only.
  if (!globalThis.crypto?.subtle) throw new LinkError("insecure");
  return globalThis.crypto.subtle;
}

async function sha256(bytes) {
  return new Uint8Array(await subtle().digest("SHA-256", bytes));
}

function uint16(n) {
  return new Uint8Array([n >> 8, n & 255]);
}

function join(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

// regroup turns groups of width bits into bytes; null when bits behind the last byte are set.
function regroup(values, width) {
  const out = [];
  let acc = 0;
  let bits = 0;
  for (const v of values) {
    acc = (acc << width) | v;
    bits += width;
    while (bits >= 8) {
      bits -= 8;
      out.push((acc >> bits) & 255);
      acc &= (1 << bits) - 1;
    }
  }
  return acc === 0 ? new Uint8Array(out) : null;
}

function base64url(bytes) {
  let out = "";
  let acc = 0;
  let bits = 0;
  for (const b of bytes) {
    acc = (acc << 8) | b;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += textAlphabet[(acc >> bits) & 63];
      acc &= (1 << bits) - 1;
    }
  }
  return bits > 0 ? out + textAlphabet[(acc << (6 - bits)) & 63] : out;
}

function validID(id) {
  if (!/^pay_[a-z2-7]{26}$/.test(id)) return false;
  return regroup([...id.slice(4)].map((c) => idAlphabet.indexOf(c)), 5) !== null;
}

function cutID(id) {
  return id.length < 30 && ("pay_".startsWith(id) || /^pay_[a-z2-7]*$/.test(id));
}

function validBase(base) {
  return /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(base) && !base.endsWith("/");
}
