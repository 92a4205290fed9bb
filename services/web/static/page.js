import { findLink, deriveAuth, LinkError } from "./link.js";

const $ = (id) => document.getElementById(id);
const network = document.documentElement.dataset.network;
const publicNetwork = "Public Global Stellar Network ; September 2015";

const brokenLink = {
  truncated: ["The end of this link is missing", "It was probably cut when it was copied. Go back to where you got it and copy all of it."],
  checksum: ["This link was altered", "A character of it is not as it was. Go back to where you got it and copy all of it."],
  version: ["This link is of a newer kind", "This page does not know it. Ask the sender for another."],
  malformed: ["This is not a claim link", "Go back to where you got it and copy all of it."],
  insecure: ["This page was not opened securely", "A browser reads the secret part of a link only on https. Claim with the command instead."],
};

const headline = {
  created: "Money is on its way",
  funding: "Money is on its way",
  pending: "Money is waiting for you",
  claiming: "The money is being claimed",
  claimed: "The money was claimed",
  returning: "The money is going back to the sender",
  returned: "The money went back to the sender",
  canceled: "The sender took this back before any money moved",
  failed: "This payment could not be made; no money moved",
  parked: "The money is safe, but cannot be moved just now",
  settled: "The money left its holding account",
};

const reasons = {
  canceled: "The sender took it back.",
  declined: "It was declined.",
  expired: "The time to claim it ran out.",
};

const proofs = {
  code: "It asks for the code that we mail to the address above.",
  voucher: "It asks for a voucher: the sender's app gives it to you where you are signed in there. Put it in the place of VOUCHER.",
  none: "It asks for nothing else: the link is enough.",
};

const ended = ["claimed", "returned", "canceled", "failed", "settled"];

function show(id, text) {
  $(id).textContent = text;
  $(id).hidden = false;
}

function title(text, lead) {
  $("title").textContent = text;
  document.title = text;
  $("lead").hidden = !lead;
  if (lead) show("lead", lead);
}

let link = "";

function command(proof) {
  $("how").textContent = `Type this in a terminal, and paste the link when it asks. ${proofs[proof] ?? "It says what else it asks for."} Then it makes an account that only you hold the key of, and moves the money there.`;
  $("command").textContent = proof === "voucher" ? "restante claim --voucher VOUCHER -" : "restante claim -";
  $("claim").hidden = false;
}

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(link);
    $("copied").textContent = "Copied.";
  } catch {
    show("link", link);
    getSelection().selectAllChildren($("link"));
    $("copied").textContent = "Selected; copy it with your keyboard or menu.";
  }
});

// money is the amount with its unit, and behind another asset than lumens the account that issued it: a code alone names nothing.
function money(view) {
  if (view.asset === "native") return `${view.amount} XLM`;
  const [code, issuer] = view.asset.split(":");
  return `${view.amount} ${code} issued by ${issuer}`;
}

function facts(view) {
  const amount = money(view);
  $("from").textContent = view.from;
  $("to").textContent = view.to.replace(/^email:/, "");
  $("amount").textContent = view.network === publicNetwork ? amount : `${amount} (test network, worth nothing)`;
  $("until").dateTime = view.expires_at;
  $("until").textContent = new Date(view.expires_at).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  $("custody").textContent = view.custody_text;
  $("custody-row").hidden = !view.custody_text;
  $("facts").hidden = false;
  $("tx-row").hidden = !view.settlement;
  if (view.settlement) $("tx").textContent = view.settlement.tx;
  const waits = ["created", "funding", "pending"].includes(view.state);
  $("until-row").hidden = !waits;
  $("mail").hidden = view.delivery !== "refused" || !waits;
  const halted = view.held?.code === "halted";
  $("held").hidden = !view.held;
  if (view.held) show("held", halted ? view.held.detail : `${view.held.detail} It goes on by itself; you need do nothing.`);
  let lead = (["claimed", "settled"].includes(view.state) && view.ending) || (reasons[view.reason] ?? "");
  if (halted) {
    lead = `${view.from} sends ${amount}. The operator of this service has to look before it goes on; this page shows it when it does.`;
  } else if (view.state === "pending") {
    lead = `${view.from} sends ${amount}. The money is waiting; until you claim it, the sender can take it back.`;
  } else if (waits) {
    lead = `${view.from} sends ${amount}. It will be waiting for you in a moment.`;
  }
  title(halted ? "This payment is stopped for now" : headline[view.state] ?? `This payment is ${view.state}`, lead);
  $("claim").hidden = true;
  if (waits && !halted) command(view.proved_by);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// follow asks again and again until the payment has ended: the sender may take it back while the page is open. The server
// answers when something has changed, or after half a minute.
async function follow(payment, auth) {
  let state = "", shown = "";
  for (let failures = 0; !ended.includes(state); ) {
    const wait = state ? `?wait=30s&state_not=${state}` : "";
    let answer;
    try {
      answer = await fetch(`/v1/claims/${payment}${wait}`, { headers: { Authorization: `Link ${auth}` }, cache: "no-store", credentials: "omit" });
    } catch (err) {
      if (!state) throw err; // nothing was shown yet
    }
    if (answer?.ok) {
      const view = await answer.json();
      const text = JSON.stringify(view); // a hold, or a mail refused, changes it within one state
      if (text !== shown) facts(view);
      [state, shown] = [view.state, text];
      failures = 0;
      $("lost").hidden = true;
      continue;
    }
    if (!state && answer.status === 401) {
      title("This link opens nothing here", "It may belong to another service, or to a payment that was never made.");
      return;
    }
    if (!state) {
      title("The service answered with an error", "Nothing has happened to the money. Try again in a moment.");
      return;
    }
    if (++failures === 2) {
      show("lost", "The connection to the service is lost, so what is shown may be old. This page tries again by itself; nothing has happened to the money by it.");
    }
    await pause(Math.min(5000 * failures, 30000));
  }
}

async function main() {
  try {
    const found = await findLink(location.href);
    link = found.link;
    if (location.href !== link && location.href.startsWith(link.split("/c/")[0] + "/")) {
      history.replaceState(null, "", link); // what a mail program put around it, or escaped so that it is in the path
    }
    const auth = await deriveAuth(found.secret, found.payment, network);
    found.secret.fill(0);
    await follow(found.payment, auth);
  } catch (err) {
    if (err instanceof LinkError) {
      const [head, lead] = brokenLink[err.code];
      const count = err.code === "truncated" && err.found >= 0 ? ` ${err.found} of its 50 characters are there.` : "";
      title(head, lead + count);
      if (err.code === "insecure") {
        link = location.href;
        command(); // what proves it, the server was not asked
      }
    } else {
      title("The service cannot be reached", "Nothing has happened to the money. Try again in a moment.");
    }
  }
}

addEventListener("hashchange", () => location.reload());
main();
