import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { GgufFile } from "@drover/models";
import { type Clock, systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { assertSameText } from "../test-support/same-text.ts";
import { q40Costs } from "../test-support/step-costs.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { tinyGemma2, tinyMamba } from "../test-support/tiny-models.ts";
import { SlotPool } from "../slots/slot-pool.ts";
import { SnapshotStore } from "./snapshot-store.ts";

function prompt(length: number, seed: number): readonly number[] {
  return Array.from({ length }, (_, index) => (seed * 131 + index * 37 + ((index * index) % 89)) % 400);
}

const rest = { clock: systemClock, costs: q40Costs, settings: completeSettings() };

const pools: SlotPool[] = [];

const HOUR_MS = 3_600_000;

/** No two looks at it are at the same time, however coarse the machine's clock is. */
let nowMs = Date.now();
const ticking = { ...systemClock, epochMs: () => (nowMs += 10) };

/** A new worker's pool on an engine that another one may have used before; several workers share the directory. */
function openPool(
  engine: Engine,
  directory: string,
  {
    clock = systemClock,
    ...more
  }: { readonly key?: string; readonly limitBytes?: number; readonly clock?: Clock } = {},
) {
  const troubles: string[] = [];
  const onTrouble = (message: string) => troubles.push(message);
  const limits = { key: "model", limitBytes: 2 ** 30, ...more };
  const snapshots = new SnapshotStore({ engine, clock: ticking, directory, ...limits, onTrouble });
  for (let sequence = 0; sequence < engine.sequences; sequence++) engine.cut(sequence, 0);
  const pool = new SlotPool({ ...rest, clock, engine, snapshots });
  pools.push(pool);
  return { pool, snapshots, troubles };
}

function openEngine(model?: GgufFile): Promise<Engine> {
  return openTinyEngine({ slots: 2, contextTokens: 512, model });
}

async function folderBytes(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

const owner = (id: string, shares: "own" | "system" | "all", systemTokens = 0) => ({
  owner: { id, shares },
  systemTokens,
});

describe("snapshots", () => {
  let one: Engine;
  let other: Engine;
  let third: Engine;
  let plain: SlotPool;
  let directory: string;
  before(async () => {
    [one, other, third] = [await openEngine(), await openEngine(), await openEngine()];
    plain = new SlotPool({ ...rest, engine: third });
  });
  after(async () => {
    await one.dispose();
    await other.dispose();
    await third.dispose();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "drover-snapshots-"));
  });
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.whenIdle();
    await rm(directory, { recursive: true, force: true });
  });

  it("let another worker go on with a conversation, with the very tokens that it would have computed", async () => {
    const first = openPool(one, directory);
    const second = openPool(other, directory);
    const begin = await generateTokens(first.pool, prompt(200, 1), 20);
    await first.pool.whenIdle();
    const next = [...prompt(200, 1), ...begin.tokens, ...prompt(9, 5)];
    const alone = await generateTokens(plain, next, 20, { cachePrompt: false, topLogprobs: 2 });
    const result = await generateTokens(second.pool, next, 20);
    // The last token of a response is never evaluated.
    assert.equal(result.cachedTokens, 219);
    assertSameText(result.tokens, alone, "the other worker");
  });

  it("are made of a running response too, each in the place of the one before, where that takes a hundredth of the time", async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => (nowMs += 2) };
    const { pool } = openPool(one, directory, { clock });
    const lengths = new Set<number>();
    await generateTokens(pool, prompt(200, 1), 250, {
      onToken: () => {
        const names = readdirSync(directory).filter((name) => name.endsWith(".kv"));
        assert.ok(names.length <= 1, names.join(" "));
        for (const name of names) lengths.add(Number(name.split("-")[1]));
        return "go-on";
      },
    });
    const [first = 0, second = 0] = lengths;
    assert.ok(first >= 200 && first < 220, `the first one is of ${first} tokens`);
    assert.ok(second >= first + 64 && second < 430, `the second one is of ${second} tokens`);
    // The clock stands still but for its readers: a few in a step, so that the pauses are long.
    assert.ok(lengths.size < 10, `${lengths.size} were made`);
  });

  it("are kept of every conversation, of which a worker has more than slots", async () => {
    const { pool } = openPool(one, directory);
    for (const turn of [0, 1]) {
      for (let chat = 1; chat <= 6; chat++) {
        const { cachedTokens } = await generateTokens(pool, prompt(100 + 20 * turn, chat), 4);
        assert.equal(cachedTokens, turn === 0 ? 0 : 100, `chat ${chat}`);
      }
    }
  });

  it("of a conversation's earlier turns are dropped with the next one, which has all of them", async () => {
    const { pool } = openPool(one, directory);
    let history = prompt(60, 1);
    for (let turn = 0; turn < 4; turn++) {
      history = [...history, ...(await generateTokens(pool, history, 10)).tokens, ...prompt(20, turn)];
    }
    await pool.whenIdle();
    assert.equal((await readdir(directory)).length, 1);
    await generateTokens(pool, prompt(60, 1), 10);
    await pool.whenIdle();
    assert.equal((await readdir(directory)).length, 1, "what is a beginning of another one is not saved again");
  });

  it("take no more bytes than they may: the least recently used goes first, whoever sets the date back", async () => {
    const { pool } = openPool(one, directory);
    await generateTokens(pool, prompt(100, 1), 1);
    await pool.whenIdle();
    const limitBytes = 3.5 * (await folderBytes(directory));
    const { pool: bounded } = openPool(one, directory, { limitBytes });
    for (const chat of [2, 3, 1, 4]) {
      if (chat === 1) nowMs -= HOUR_MS;
      await generateTokens(bounded, [...prompt(100, chat), 7], 2);
      await bounded.whenIdle();
    }
    assert.ok((await folderBytes(directory)) <= limitBytes);
    const { pool: fresh } = openPool(other, directory);
    const cached: number[] = [];
    for (const chat of [3, 1, 4, 2]) {
      cached.push((await generateTokens(fresh, [...prompt(100, chat), 7, 8], 2)).cachedTokens);
    }
    assert.deepEqual(cached, [101, 101, 101, 0]);
  });

  it("that went, were cut short or are something else are computed anew", async () => {
    const { pool } = openPool(one, directory);
    await generateTokens(pool, prompt(120, 1), 2);
    await pool.whenIdle();
    const [name = ""] = await readdir(directory);
    const file = join(directory, name);
    const whole = await readFile(file);
    const alone = await generateTokens(plain, prompt(150, 1), 8, { cachePrompt: false });
    const spoil = [
      () => truncate(file, whole.length / 2),
      () => truncate(file, 5),
      () => writeFile(file, "not a snapshot, but as long as the head of one"),
      () => writeFile(file, whole.fill(0xff, 8, 12)),
    ];
    for (const change of spoil) {
      const { pool: reader, snapshots } = openPool(other, directory);
      snapshots.refresh();
      await change();
      const { tokens, cachedTokens } = await generateTokens(reader, prompt(150, 1), 8);
      assert.deepEqual(tokens, alone.tokens);
      assert.equal(cachedTokens, 0);
      await reader.whenIdle();
      await rm(directory, { recursive: true });
      const lost = await generateTokens(reader, prompt(150, 2), 4);
      assert.equal(lost.reason, "length", "served without the directory");
      await reader.whenIdle();
      await mkdir(directory);
      await writeFile(file, whole);
    }
  });

  it("are not read by a worker of another model, and not made of a request that wants nothing kept", async () => {
    const { pool } = openPool(one, directory);
    await generateTokens(pool, prompt(120, 1), 2, { cachePrompt: false });
    await pool.whenIdle();
    assert.deepEqual(await readdir(directory), []);
    await generateTokens(pool, prompt(120, 1), 2);
    await pool.whenIdle();
    const stranger = openPool(other, directory, { key: "another" });
    assert.equal((await generateTokens(stranger.pool, prompt(130, 1), 2)).cachedTokens, 0);
  });

  it("are read in the name of their owner alone, but for what comes of its system message", async () => {
    const { pool } = openPool(one, directory);
    const rounds = [
      [owner("a", "own"), owner("a", "own"), 120],
      [owner("a", "own"), owner("b", "own"), 0],
      [owner("a", "own"), {}, 0],
      [owner("a", "system", 50), owner("b", "system", 60), 50],
      [owner("a", "system", 50), owner("a", "system", 60), 120],
      [owner("a", "all"), owner("b", "all"), 120],
    ] as const;
    for (const [seed, [teller, asker, cached]] of rounds.entries()) {
      await generateTokens(pool, prompt(120, seed), 2, teller);
      await pool.whenIdle();
      // By its slots, and by the snapshot alone.
      for (const reader of [pool, openPool(other, directory).pool]) {
        const { cachedTokens } = await generateTokens(reader, [...prompt(120, seed), 7], 2, {
          ...asker,
          // Leaves nothing that the next one would find as its own.
          onToken: () => "stop",
        });
        assert.equal(cachedTokens, cached, `round ${seed}`);
      }
    }
  });

  it("that can't be written are said once, and everything is served", async () => {
    const { pool, troubles } = openPool(one, join(directory, "gone"));
    for (let chat = 0; chat < 3; chat++) {
      assert.equal((await generateTokens(pool, prompt(50, chat), 2)).reason, "length");
      await pool.whenIdle();
    }
    assert.equal(troubles.length, 1);
    assert.match(troubles[0] ?? "", /can't be written to .*gone/);
  });
});

for (const [kind, model] of Object.entries({ plain: (): undefined => {}, recurrent: tinyMamba })) {
  it(`snapshots of a ${kind} model give two workers the tokens of one plain sequence`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "drover-snapshots-"));
    const engines = [await openEngine(model()), await openEngine(model())] as const;
    const workers = engines.map((engine) => openPool(engine, directory));
    // Turns of 10 conversations, in turn with one worker and the other, more at once than there are slots.
    let cached = 0;
    const talk = async (chat: number) => {
      let history = prompt(40 + 17 * chat, chat);
      const turns: { readonly history: readonly number[]; readonly tokens: readonly number[] }[] = [];
      for (let turn = 0; turn < 4; turn++) {
        const { pool } = workers[(chat + turn) % 2] as (typeof workers)[0];
        const result = await generateTokens(pool, history, 6 + chat);
        cached += result.cachedTokens;
        turns.push({ history, tokens: result.tokens });
        history = [...history, ...result.tokens.slice(0, 4), ...prompt(11, turn)];
      }
      return turns;
    };
    const chats = await Promise.all(Array.from({ length: 10 }, (_, chat) => talk(chat)));
    for (const { pool } of workers) await pool.whenIdle();
    const [engine] = engines;
    for (let sequence = 0; sequence < engine.sequences; sequence++) engine.cut(sequence, 0);
    const plain = new SlotPool({ ...rest, engine });
    let [wanted, same] = [0, 0];
    for (const [chat, turns] of chats.entries()) {
      for (const [turn, { history, tokens }] of turns.entries()) {
        const alone = { cachePrompt: false, topLogprobs: 2 };
        const expected = await generateTokens(plain, history, tokens.length, alone);
        wanted += tokens.length;
        same += assertSameText(tokens, expected, `chat ${chat}, turn ${turn}`);
      }
    }
    assert.ok(cached > 1000, `only ${cached} tokens were not computed anew`);
    assert.ok(same > 0.9 * wanted, `${same} of ${wanted} tokens are the same`);
    for (const each of engines) await each.dispose();
    await rm(directory, { recursive: true });
  });
}

describe("a sliding-window model", () => {
  it("is known to save the last window alone, and so its sequences are not moved", async () => {
    const engine = await openTinyEngine({ slots: 2, contextTokens: 512, model: tinyGemma2(32) });
    await engine.decode([{ sequence: 0, position: 0, tokens: prompt(100, 1), logits: "none" }]);
    assert.equal(engine.savesCompleteState, false);
    assert.equal(await engine.exchange(0, 1), false);
    const roomy = await openTinyEngine({ slots: 2, contextTokens: 512, model: tinyGemma2(512) });
    assert.equal(roomy.savesCompleteState, true);
    await engine.dispose();
    await roomy.dispose();
  });
});
