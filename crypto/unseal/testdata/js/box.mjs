// Seals or opens one box. Standard input is a JSON object: {seal, to} has the plaintext and the recipients, {open, with} the
// file and an identity; files and plaintexts are in base64. The answer is on standard output, in base64.
import { Decrypter, Encrypter } from "age-encryption";
import { readFileSync } from "node:fs";

const ask = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
let answer;
if (ask.seal) {
  const e = new Encrypter();
  for (const recipient of ask.to) e.addRecipient(recipient);
  answer = await e.encrypt(bytes(ask.seal));
} else {
  const d = new Decrypter();
  d.addIdentity(ask.with);
  answer = await d.decrypt(bytes(ask.open));
}
process.stdout.write(Buffer.from(answer).toString("base64"));
