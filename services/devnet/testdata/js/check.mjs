// Checks a devnet with the Stellar SDK for JavaScript, over Stellar RPC and over Horizon: fund, pay, sponsor, fee-bump, merge, stream, read
// back. Addresses come from DEVNET_RPC and DEVNET_HORIZON. Prints "N passed, M failed"; the exit status is 1 when anything failed.
import { readFileSync } from "node:fs";
import * as sdk from "@stellar/stellar-sdk";

const { Asset, BASE_FEE, Claimant, Horizon, Keypair, Operation, TransactionBuilder, rpc } = sdk;
const wanted = "17.2.0";
const soroban = new rpc.Server(process.env.DEVNET_RPC, { allowHttp: true });
const horizon = new Horizon.Server(process.env.DEVNET_HORIZON, { allowHttp: true });

let passed = 0;
let failed = 0;

function expect(what, holds, seen) {
  if (holds) passed++;
  else {
    failed++;
    console.log(`FAIL ${what}: ${JSON.stringify(seen, (_, v) => (typeof v === "bigint" ? String(v) : v))}`);
  }
}

async function chapter(name, play) {
  try {
    await play();
  } catch (e) {
    const detail = e?.response?.data ?? e?.stack ?? e;
    expect(name, false, detail);
  }
}

async function refusal(promise) {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  return undefined;
}

const codesOf = (e) => e?.response?.data?.extras?.result_codes;

let passphrase;
const me = Keypair.random();
const friend = Keypair.random();
const issuer = Keypair.random();
const gold = new Asset("GOLD", issuer.publicKey());

// build makes a transaction of the first key's account and signs it with all.
function build(account, operations, ...keys) {
  const b = new TransactionBuilder(account, { fee: BASE_FEE, networkPassphrase: passphrase }).setTimeout(0);
  for (const op of operations) b.addOperation(op);
  const tx = b.build();
  tx.sign(...keys);
  return tx;
}

function bump(inner, payer) {
  const tx = TransactionBuilder.buildFeeBumpTransaction(payer, "400", inner, passphrase);
  tx.sign(payer);
  return tx;
}

const hex = (tx) => Buffer.from(tx.hash()).toString("hex");

const pay = (to, amount, asset = Asset.native()) => Operation.payment({ destination: to.publicKey(), asset, amount });

// sponsored makes an account that me pays for, with a trustline and some gold.
const sponsored = (h) => [
  Operation.beginSponsoringFutureReserves({ sponsoredId: h.publicKey() }),
  Operation.createAccount({ destination: h.publicKey(), startingBalance: "0" }),
  Operation.changeTrust({ asset: gold, limit: "5", source: h.publicKey() }),
  Operation.endSponsoringFutureReserves({ source: h.publicKey() }),
  Operation.payment({ destination: h.publicKey(), asset: gold, amount: "5", source: issuer.publicKey() }),
];

// home empties and merges such an account; it pays nothing itself.
const home = () => [
  Operation.payment({ destination: issuer.publicKey(), asset: gold, amount: "5" }),
  Operation.changeTrust({ asset: gold, limit: "0" }),
  Operation.accountMerge({ destination: me.publicKey() }),
];

async function throughRPC() {
  const send = async (tx) => {
    const sent = await soroban.sendTransaction(tx);
    expect("rpc: accepted", sent.status === "PENDING", sent);
    return soroban.pollTransaction(sent.hash, { attempts: 100, sleepStrategy: () => 50 });
  };
  const network = await soroban.getNetwork();
  passphrase = network.passphrase;
  expect("rpc: health", (await soroban.getHealth()).status === "healthy");
  expect("rpc: version", (await soroban.getVersionInfo()).protocolVersion === Number(network.protocolVersion), network);
  for (const key of [me, friend, issuer]) {
    const funded = await soroban.fundAddress(key.publicKey());
    expect("rpc: fund", funded.status === "SUCCESS", funded.status);
  }
  const first = await soroban.getLatestLedger();
  let account = await soroban.getAccount(me.publicKey());
  const paid = await send(build(account, [pay(friend, "12.5")], me));
  expect("rpc: pay", paid.status === "SUCCESS" && paid.ledger >= first.sequence, paid.status);
  const entry = await soroban.getAccountEntry(friend.publicKey());
  expect("rpc: balance", String(entry.balance) === "100125000000", entry.balance);
  const h = Keypair.random();
  account = await soroban.getAccount(me.publicKey());
  const made = await send(build(account, sponsored(h), me, issuer, h));
  expect("rpc: sponsor", made.status === "SUCCESS", made.status);
  const line = await soroban.getTrustline(h.publicKey(), gold);
  expect("rpc: trustline", String(line.balance) === "50000000", line);
  const inner = build(await soroban.getAccount(h.publicKey()), home(), h);
  const merged = await send(bump(inner, me));
  expect("rpc: fee-bump and merge", merged.status === "SUCCESS" && merged.feeBump === true, merged.status);
  expect("rpc: gone", (await refusal(soroban.getAccount(h.publicKey()))) !== undefined);
  const read = await soroban.getTransaction(hex(inner));
  expect("rpc: read back by the inner hash", read.status === "SUCCESS" && read.ledger === merged.ledger, read.status);
  const again = await soroban.sendTransaction(bump(inner, me));
  expect("rpc: handed in again", again.status === "ERROR", again.status);
  const all = await soroban.getTransactions({ startLedger: first.sequence, pagination: { limit: 100 } });
  expect("rpc: transactions", all.transactions.filter((t) => t.status === "SUCCESS").length >= 3, all.transactions.length);
  const ledgers = await soroban.getLedgers({ startLedger: first.sequence, pagination: { limit: 2 } });
  expect("rpc: ledgers", ledgers.ledgers.length > 0 && ledgers.ledgers[0].sequence === first.sequence, ledgers.ledgers.length);
  expect("rpc: fee stats", Number((await soroban.getFeeStats()).inclusionFee.min) >= 100);
}

async function throughHorizon() {
  const root = await horizon.root();
  expect("horizon: root", root.network_passphrase === passphrase, root);
  const fresh = Keypair.random();
  const funded = await horizon.friendbot(fresh.publicKey()).call();
  expect("horizon: fund", funded.successful === true && funded.hash.length === 64, funded);
  let account = await horizon.loadAccount(me.publicKey());
  const before = account.sequenceNumber();
  const paid = await horizon.submitTransaction(build(account, [pay(friend, "1"), pay(friend, "2")], me));
  expect("horizon: pay", paid.successful === true && paid.operation_count === 2, paid);
  account = await horizon.loadAccount(me.publicKey());
  expect("horizon: sequence", BigInt(account.sequenceNumber()) === BigInt(before) + 1n, account.sequenceNumber());
  const payments = await horizon.payments().forTransaction(paid.hash).call();
  expect("horizon: payments", payments.records.map((r) => r.amount).join() === "1.0000000,2.0000000", payments.records);
  expect("horizon: followed link", (await payments.records[0].transaction()).hash === paid.hash);

  const h = Keypair.random();
  const made = await horizon.submitTransaction(build(account, sponsored(h), me, issuer, h));
  expect("horizon: sponsor", made.successful === true, made);
  const held = await horizon.loadAccount(h.publicKey());
  expect("horizon: sponsored account", held.sponsor === me.publicKey() && held.num_sponsored === 3, held);
  expect("horizon: gold", held.balances[0].balance === "5.0000000" && held.balances[0].asset_code === "GOLD", held.balances);
  const mine = await horizon.accounts().sponsor(me.publicKey()).call();
  expect("horizon: accounts by sponsor", mine.records.some((r) => r.id === h.publicKey()), mine.records.length);

  const inner = build(held, home(), h);
  const merged = await horizon.submitTransaction(bump(inner, me));
  expect("horizon: fee-bump and merge", merged.successful && merged.fee_account === me.publicKey(), merged);
  expect("horizon: inner hash", merged.inner_transaction.hash === hex(inner), merged.inner_transaction);
  expect("horizon: gone", (await refusal(horizon.loadAccount(h.publicKey()))) instanceof sdk.NotFoundError);
  const read = await horizon.transactions().transaction(hex(inner)).call();
  expect("horizon: read back", read.ledger_attr === merged.ledger, read.ledger_attr);
  const lived = await horizon.operations().forAccount(h.publicKey()).limit(200).call();
  expect("horizon: its operations", lived.records.map((r) => r.type).at(-1) === "account_merge", lived.records.length);
  return { merged, inner };
}

async function refusals({ inner }) {
  let account = await horizon.loadAccount(me.publicKey());
  const failing = build(account, [pay(Keypair.random(), "1")], me);
  let e = await refusal(horizon.submitTransaction(failing, { skipMemoRequiredCheck: true }));
  expect("horizon: op_no_destination", codesOf(e)?.operations?.[0] === "op_no_destination", codesOf(e));
  e = await refusal(horizon.submitTransaction(failing, { skipMemoRequiredCheck: true }));
  expect("horizon: tx_bad_seq", codesOf(e)?.transaction === "tx_bad_seq", codesOf(e));
  e = await refusal(horizon.submitTransaction(inner, { skipMemoRequiredCheck: true }));
  expect("horizon: merged away", codesOf(e)?.transaction === "tx_no_source_account", codesOf(e));
  account = await horizon.loadAccount(me.publicKey());
  const paid = build(account, [pay(friend, "1")], me);
  const first = await horizon.submitTransaction(paid);
  const again = await horizon.submitTransaction(paid);
  expect("horizon: handed in again", again.hash === first.hash && again.ledger === first.ledger, again);
  const poor = build(await horizon.loadAccount(friend.publicKey()), [pay(me, "900000")], friend);
  e = await refusal(horizon.submitTransaction(bump(poor, me)));
  expect("horizon: tx_fee_bump_inner_failed", codesOf(e)?.transaction === "tx_fee_bump_inner_failed"
    && codesOf(e)?.inner_transaction === "tx_failed" && codesOf(e)?.operations?.[0] === "op_underfunded", codesOf(e));
  e = await refusal(horizon.transactions().limit(201).call());
  expect("horizon: bad limit", e instanceof sdk.NetworkError && e.response?.extras?.invalid_field === "limit", e?.response);
  const later = build(await horizon.loadAccount(me.publicKey()), [pay(friend, "1")], me);
  const sent = await horizon.submitAsyncTransaction(later);
  expect("horizon: async", sent.tx_status === "PENDING" && sent.hash === hex(later), sent);
}

async function claimables() {
  const claimants = [new Claimant(friend.publicKey())];
  const create = Operation.createClaimableBalance({ asset: Asset.native(), amount: "3", claimants });
  await horizon.submitTransaction(build(await horizon.loadAccount(issuer.publicKey()), [create], issuer));
  const open = await horizon.claimableBalances().claimant(friend.publicKey()).call();
  expect("horizon: claimable balance", open.records.length === 1 && open.records[0].amount === "3.0000000", open.records);
  const one = await horizon.claimableBalances().claimableBalance(open.records[0].id).call();
  expect("horizon: its sponsor", one.sponsor === issuer.publicKey(), one);
  const claim = Operation.claimClaimableBalance({ balanceId: one.id });
  const claimed = await horizon.submitTransaction(build(await horizon.loadAccount(friend.publicKey()), [claim], friend));
  expect("horizon: claimed", claimed.successful === true, claimed);
}

async function pages() {
  let page = await horizon.operations().forAccount(me.publicKey()).limit(3).call();
  const ids = [];
  while (page.records.length > 0) {
    ids.push(...page.records.map((r) => BigInt(r.paging_token)));
    page = await page.next();
  }
  expect("horizon: pages ascend", ids.length > 6 && ids.every((id, i) => i === 0 || id > ids[i - 1]), ids.length);
  const newest = await horizon.operations().forAccount(me.publicKey()).order("desc").limit(1).call();
  expect("horizon: newest", BigInt(newest.records[0].paging_token) === ids.at(-1), newest.records[0].paging_token);
  const ledger = await horizon.ledgers().order("desc").limit(1).call();
  const same = await horizon.ledgers().ledger(ledger.records[0].sequence).call();
  expect("horizon: ledger", same.hash === ledger.records[0].hash, same);
  const fees = await horizon.feeStats();
  expect("horizon: fee stats", Number(fees.last_ledger_base_fee) === 100, fees);
}

// streams counts what one more payment shows to streams that begin now, and reads an older one from its cursor.
async function streams() {
  const seen = [];
  let notify;
  const watch = (builder, kind) => builder.stream({ onmessage: (m) => { seen.push([kind, m]); notify?.(); } });
  const until = (holds) => new Promise((done, lost) => {
    const timer = setTimeout(() => lost(new Error(`nothing came: ${seen.map(([k]) => k)}`)), 20_000);
    notify = () => { if (holds()) { clearTimeout(timer); done(); } };
    notify();
  });
  const past = await horizon.payments().forAccount(friend.publicKey()).limit(200).call();
  const stops = [
    watch(horizon.payments().forAccount(friend.publicKey()).cursor("0"), "payment"),
    watch(horizon.ledgers().cursor("now"), "ledger"),
    watch(horizon.transactions().forAccount(friend.publicKey()).cursor("now"), "transaction"),
  ];
  const count = (kind) => seen.filter(([k]) => k === kind).length;
  await until(() => count("payment") >= past.records.length && count("ledger") >= 1);
  const paid = await horizon.submitTransaction(build(await horizon.loadAccount(me.publicKey()), [pay(friend, "7")], me));
  await until(() => seen.some(([k, m]) => k === "payment" && m.transaction_hash === paid.hash) && seen.some(([k, m]) => k === "transaction" && m.hash === paid.hash));
  for (const stop of stops) stop();
  const tokens = seen.filter(([k]) => k === "payment").map(([, m]) => BigInt(m.paging_token));
  expect("horizon: streamed payments, each once", tokens.length === past.records.length + 1 && tokens.every((t, i) => i === 0 || t > tokens[i - 1]), tokens);
  expect("horizon: streamed ledgers", count("ledger") >= 1);
}

const manifest = new URL("node_modules/@stellar/stellar-sdk/package.json", import.meta.url);
const version = JSON.parse(readFileSync(manifest, "utf8")).version;
expect("version of the SDK", version === wanted, version);
await chapter("rpc", throughRPC);
let played;
await chapter("horizon", async () => { played = await throughHorizon(); });
if (played) await chapter("refusals", () => refusals(played));
await chapter("claimable balances", claimables);
await chapter("pages", pages);
await chapter("streams", streams);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
