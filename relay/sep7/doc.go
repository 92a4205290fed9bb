// Package sep7 writes and reads requests to sign a transaction, the URIs that hand one to a wallet which holds the keys
// (SEP-7, "URI Scheme to facilitate delegated signing", operation tx), and reads the form that the wallet sends back.
//
// It promises to be pure text: no network, no clock, no keys. What [Request.URI] writes, [Parse] reads back as the same
// request, and each request has one URI.
//
// It refuses to judge the envelope: that the text is base64 of XDR's length is all it looks at. The signer, and the one who gets
// it back from a wallet, reads it with relay/stellar and compares hashes; any program can send a form to a callback.
//
// It refuses requests that it would misread. The parameter replace asks the wallet to sign something else than the
// envelope shown; origin_domain and signature want a look at the origin's stellar.toml before a signature (SEP-7,
// "Request Signing"). Parameters that it does not know are passed over, and so is chain, which only informs (version 2.1.0): the
// SEP says nothing of unknown ones, but that the syntax stays open for more ("Future operations").
//
// Start at Request; a callback's handler needs ReadForm alone.
package sep7
