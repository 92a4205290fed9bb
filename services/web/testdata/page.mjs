// Runs static/page.js against a page that is only its ids, and prints what a reader would see. Arguments: the link, and
// the API's answers as JSON {status, body}, or "down": one for each question. After the last the API is silent.
const [link, ...answers] = process.argv.slice(2);
const later = globalThis.setTimeout;
globalThis.setTimeout = (fn, ms) => later(fn, Math.min(ms, 20)); // between two questions the page waits for seconds
const elements = {};
const asked = [];
globalThis.document = {
  title: "",
  documentElement: { dataset: { network: "Test SDF Network ; September 2015" } },
  getElementById: (id) => (elements[id] ??= { textContent: "", hidden: true, addEventListener() {} }),
};
globalThis.location = { href: link, reload() {} };
globalThis.history = { replaceState(_, __, to) { location.href = to; } };
globalThis.addEventListener = () => {};
globalThis.fetch = async (path, options) => {
  asked.push({ path, method: options.method ?? "GET", authorization: options.headers.Authorization, body: options.body ?? null });
  const answer = answers.shift();
  if (answer === undefined) return new Promise(() => {});
  if (answer === "down") throw new TypeError("fetch failed");
  const { status, body } = JSON.parse(answer);
  return { status, ok: status < 300, json: async () => body };
};
await import("../static/page.js");
await new Promise((done) => setImmediate(done));
for (let i = 0; i < 50 && (elements.title === undefined || answers.length > 0); i++) await new Promise((done) => setTimeout(done, 20));
const shown = Object.fromEntries(Object.entries(elements).map(([id, e]) => [id, e.hidden && id !== "title" && !e.textContent ? null : e.textContent]));
const hidden = Object.fromEntries(Object.entries(elements).map(([id, e]) => [id, e.hidden]));
console.log(JSON.stringify({ asked, shown, hidden, claim: elements.claim?.hidden === false, address: location.href }));
process.exit(0);
