import { readLink, deriveAuth, LinkError } from "./link.js";

const $ = (id) => document.getElementById(id);
const network = document.documentElement.dataset.network;
const publicNetwork = "Public Global Stellar Network ; September 2015";

const brokenLink = {
  truncated: ["The end of this link is missing", "It was probably cut when it was copied. Go back to where you got it and copy all of it."],
  checksum: ["This link was altered", "A character of it is not as it was. Go back to where you got it and copy all of it."],
  version: ["This link is of a newer kind", "This page does not know it. Ask whoever gave it to you for another."],
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

function show(id, text) {
  $(id).textContent = text;
  $(id).hidden = false;
}

function title(text, lead) {
  $("title").textContent = text;
  document.title = text;
  if (lead) show("lead", lead);
}

function command() {
  // Within single quotes a shell takes every character as it is; the base of a link cannot contain one unescaped.
  $("command").textContent = `restante claim '${location.href.replaceAll("'", "%27")}'`;
  $("claim").hidden = false;
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($("command").textContent);
      $("copied").textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren($("command"));
      $("copied").textContent = "Selected; copy it with your keyboard or menu.";
    }
  });
}

function facts(view) {
  const unit = view.asset === "native" ? "XLM" : view.asset.split(":")[0];
  $("from").textContent = view.from;
  $("to").textContent = view.to.replace(/^email:/, "");
  $("amount").textContent = `${view.amount} ${unit}`;
  const until = new Date(view.expires_at);
  $("until").dateTime = view.expires_at;
  $("until").textContent = until.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  $("custody").textContent = view.custody_text;
  $("facts").hidden = false;
  if (view.settlement) {
    $("tx").textContent = view.settlement.tx;
    $("tx-row").hidden = false;
  }
  const waits = ["created", "funding", "pending"].includes(view.state);
  $("until-row").hidden = !waits;
  let lead = reasons[view.reason] ?? "";
  if (view.state === "pending") {
    lead = `${view.from} sends ${view.amount} ${unit}. The money is waiting; until you claim it, the sender can take it back.`;
  } else if (waits) {
    lead = `${view.from} sends ${view.amount} ${unit}. It will be waiting for you in a moment; reload this page then.`;
  }
  title(headline[view.state] ?? `This payment is ${view.state}`, lead);
  if (view.network !== publicNetwork) {
    $("amount").textContent += " (test network, worth nothing)";
  }
  if (waits) command();
}

async function main() {
  try {
    const { payment, secret } = await readLink(location.href);
    const auth = await deriveAuth(secret, payment, network);
    secret.fill(0);
    const answer = await fetch(`/v1/claims/${payment}`, {
      headers: { Authorization: `Link ${auth}` },
      cache: "no-store",
      credentials: "omit",
    });
    if (answer.status === 401) {
      title("This link opens nothing here", "It may belong to another service, or to a payment that was never made.");
    } else if (answer.ok) {
      facts(await answer.json());
    } else {
      title("The service does not answer well", "Nothing has happened to the money. Try again in a moment.");
    }
  } catch (err) {
    if (err instanceof LinkError) {
      title(...brokenLink[err.code]);
      if (err.code === "insecure") command();
    } else {
      title("The service cannot be reached", "Nothing has happened to the money. Try again in a moment.");
    }
  }
}

addEventListener("hashchange", () => location.reload());
main();
