// What the client of this release lacks to run contracts on a chain of signers (Clique), and to keep three of them together.
import { cliqueSigner, createSealedCliqueBlockHeader } from "./node_modules/@ethereumjs/block/dist/esm/index.js";
import { FullSynchronizer } from "./node_modules/@ethereumjs/client/dist/esm/src/sync/fullsync.js";
import { Miner } from "./node_modules/@ethereumjs/client/dist/esm/src/miner/miner.js";
import { TxPool } from "./node_modules/@ethereumjs/client/dist/esm/src/service/txpool.js";
import { EVM } from "./node_modules/@ethereumjs/evm/dist/esm/evm.js";
import { BlockBuilder } from "./node_modules/@ethereumjs/vm/dist/esm/buildBlock.js";

const MEETING_MILLISECONDS = 6_000;
const AGAIN_MILLISECONDS = 500;
const OTHERS_MILLISECONDS = 2_000;
const { assembleBlock } = Miner.prototype;
const { handleNewBlock, sendNewBlock } = FullSynchronizer.prototype;
const { add } = TxPool.prototype;
const { addTransaction } = BlockBuilder.prototype;
const { runInterpreter } = EVM.prototype;

const hashOf = (value) => value && Buffer.from(value.hash()).toString("hex");

async function askLatest(pool) {
  const peers = pool.peers.filter((peer) => peer.eth?.status !== undefined);
  const headers = await Promise.all(peers.map((peer) => peer.latest().catch(() => undefined)));
  return peers.map((peer, i) => ({ peer, number: headers[i]?.number })).filter(({ number }) => number !== undefined);
}

// A signer waits until it has met another and had time to fetch what it lacks, while one that it knows is ahead, and until
// a block may come. What it sealed in vain it seals again.
Miner.prototype.assembleBlock = async function () {
  const met = await askLatest(this.service.pool);
  const latest = this.latestBlockHeader();
  this.metAt = met.length > 0 ? (this.metAt ?? Date.now()) : undefined;
  const hasMet = this.metAt !== undefined && Date.now() - this.metAt >= MEETING_MILLISECONDS;
  const isBehind = met.some(({ number }) => number > latest.number);
  const due = Number(latest.timestamp) * 1000 + this.period + (await this.waitForOthers(latest.number + 1n));
  const isEarly = Math.floor(Date.now() / 1000) * 1000 < due;
  if (hasMet && !isBehind && !isEarly) await assembleBlock.call(this);
  if (this.latestBlockHeader().number === latest.number) await this.queueNextAssembly(AGAIN_MILLISECONDS);
};

// Who is not in turn leaves the block to who is, and to who comes before it in the list: two at once would part.
Miner.prototype.waitForOthers = async function (number) {
  const [signer] = this.config.accounts[0];
  const { consensus } = this.service.chain.blockchain;
  if (await consensus.cliqueSignerInTurn(signer, number)) return 0;
  const place = consensus.cliqueActiveSigners(number).findIndex((other) => other.equals(signer));
  return OTHERS_MILLISECONDS * (1 + place);
};

// A transaction is tried in a block that is signed already: its fee goes to the signer, who is found by the signature.
BlockBuilder.prototype.addTransaction = function (...parameters) {
  const { extraData: _, ...headerData } = this.headerData;
  const signer = this.blockOpts.cliqueSigner;
  const options = { ...this.blockOpts, freeze: false };
  const header = createSealedCliqueBlockHeader({ ...headerData, gasUsed: this.gasUsed }, signer, options);
  this.headerData.extraData = header.extraData;
  return addTransaction.apply(this, parameters);
};

// The machine that executes contracts wants to be told how the signer of a block is found, and the client does not tell it.
EVM.prototype.runInterpreter = function (...parameters) {
  this._optsCached.cliqueSigner ??= cliqueSigner;
  return runInterpreter.apply(this, parameters);
};

// What a neighbour's block holds does not wait any more; the client forgets that where it is handed the block whole.
FullSynchronizer.prototype.handleNewBlock = async function (block, peer) {
  await handleNewBlock.call(this, block, peer);
  if (hashOf(this.chain.blocks.latest) === hashOf(block)) this.txPool.removeNewBlockTxs([block]);
};

// A transaction that a neighbour sends is as good as one of its own, whose tip may be nothing: the client asks for none.
TxPool.prototype.add = function (transaction) {
  return add.call(this, transaction, true);
};

// A new block goes to every other signer whole, not to the square root of them.
FullSynchronizer.prototype.sendNewBlock = function (block) {
  return sendNewBlock.call(this, block, this.pool.peers);
};

// Blocks are fetched from who has most of them now, not from who had most when they met.
FullSynchronizer.prototype.best = async function () {
  const met = await askLatest(this.pool);
  const [best] = met.sort((a, b) => Number(b.number - a.number));
  return best !== undefined && best.number > this.chain.headers.height ? best.peer : undefined;
};
