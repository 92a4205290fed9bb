// Checks static/link.js against the vectors whose file is the first argument.
import { readFileSync } from "node:fs";
import { readLink, findLink, deriveAuth, LinkError } from "../static/link.js";

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
let bad = 0;
const fail = (...what) => {
  console.log(...what);
  bad++;
};
for (const v of vectors.links) {
  const { payment, secret } = await readLink(` ${v.link}\n`);
  const auth = await deriveAuth(secret, payment, v.network);
  if (payment !== v.payment || Buffer.from(secret).toString("hex") !== v.secret || auth !== v.auth) fail("link:", v.name);
}
for (const v of vectors.refused_links) {
  const code = await readLink(v.link).then(() => "accepted", (err) => (err instanceof LinkError ? err.code : String(err)));
  if (code !== v.error) fail("refused link:", v.name, "got", code, "want", v.error);
}
for (const v of vectors.found_links) {
  const link = await findLink(v.text).then((found) => found.link, (err) => String(err));
  if (link !== vectors.links[0].link) fail("found link:", v.name, "got", link);
}
console.log(`${vectors.links.length} links, ${vectors.refused_links.length} refused`);
process.exit(bad === 0 && vectors.links.length > 0 && vectors.refused_links.length > 0 && vectors.found_links.length > 0 ? 0 : 1);
