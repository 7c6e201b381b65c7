import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { systemClock } from "@drover/foundation/clock";
import { SnapshotStore } from "../state/snapshot-store.ts";
import { GREEDY } from "../generation-contract.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { assertSameText } from "../test-support/same-text.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { type HeldSlot, lineUp, SLICE_MS, slotToYield } from "./divide-slots.ts";
import { SlotPool } from "./slot-pool.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_127 });

const slot = (owner: string, heldMs = 0, isDecoding = true) => ({ owner, heldMs, isDecoding });
const withIds = (slots: readonly Omit<HeldSlot, "id">[]): HeldSlot[] => slots.map((each, id) => ({ ...each, id }));

describe("slots between owners", () => {
  it("are given in the order in which requests came, but first to owners with fewer", () => {
    assert.deepEqual(lineUp(["", "", ""], []), [0, 1, 2]);
    assert.deepEqual(lineUp(["a", "a", "b", "c"], withIds([slot("a"), slot("a"), slot("c")])), [2, 3, 0, 1]);
  });

  it("are yielded by who has two more, the one that is held the longest, and a response rather than a prompt", () => {
    const held = withIds([slot("a", 10), slot("a", 30), slot("a", 90, false), slot("b", 500)]);
    assert.equal(slotToYield(held, "c"), 1);
    assert.equal(slotToYield(held, "b"), 1);
    assert.equal(slotToYield(held, "a"), undefined);
    assert.equal(slotToYield(withIds([slot("a", 5, false), slot("a", 9, false)]), "b"), 1);
  });

  it("go round where there are more owners than slots, each time after a while", () => {
    assert.equal(slotToYield(withIds([slot("a", SLICE_MS), slot("b", SLICE_MS + 1)]), "c"), 1);
    assert.equal(slotToYield(withIds([slot("a", SLICE_MS - 1)]), "c"), undefined);
    assert.equal(slotToYield(withIds([slot("a", SLICE_MS, false)]), "c"), undefined, "a prompt is read to its end");
  });

  it("differ by one at the most once everybody who wants some has asked, and then stay where they are", () => {
    const owners = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(owners, fc.subarray(["a", "b", "c"], { minLength: 1 }), (slots, asking) => {
        const held = withIds(slots.map((owner) => slot(owner)));
        const want = new Set([...asking, ...slots]);
        for (let round = 0; round < 100; round += 1) {
          const before = held.map(({ owner }) => owner).join("");
          for (const owner of want) {
            const yielded = slotToYield(held, owner);
            if (yielded !== undefined) held[yielded] = { ...slot(owner), id: yielded };
          }
          if (before === held.map(({ owner }) => owner).join("")) break;
          assert.ok(round < 99, "it never comes to rest");
        }
        const counts = [...want].map((owner) => held.filter((each) => each.owner === owner).length);
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1 || slots.length < want.size, counts.join(" "));
      }),
    );
  });
});

const prompt = (seed: number) => Array.from({ length: 40 }, (_, index) => (seed * 131 + index * 37) % 400);
const ownerOf = (id: string) => ({ id, shares: "own" }) as const;

describe("a request that is set aside for another owner's", () => {
  it("gives the tokens that it would have given alone, and the other one ends long before it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "drover-aside-"));
    const engine = await openTinyEngine({ slots: 2, contextTokens: 512 });
    const onTrouble = assert.fail;
    const limits = { key: "model", limitBytes: 2 ** 30 };
    const snapshots = new SnapshotStore({ engine, clock: systemClock, directory, ...limits, onTrouble });
    const rest = { engine, clock: systemClock, costs: undefined, settings: completeSettings() };
    const plain = new SlotPool(rest);
    const pool = new SlotPool({ ...rest, snapshots });
    // Penalties, which the sampler remembers from token to token.
    const sampling = { ...GREEDY, repeatPenalty: 1.2, presencePenalty: 0.1 };
    const alone: Awaited<ReturnType<typeof generateTokens>>[] = [];
    for (const seed of [1, 2])
      alone.push(await generateTokens(plain, prompt(seed), 300, { sampling, cachePrompt: false, topLogprobs: 2 }));
    const ended: string[] = [];
    const ask = async (id: string, seed: number, tokens: number, onFirst = () => {}) => {
      let count = 0;
      const onToken = () => {
        if (++count === 20) onFirst();
        return "go-on" as const;
      };
      const result = await generateTokens(pool, prompt(seed), tokens, { sampling, owner: ownerOf(id), onToken });
      ended.push(id);
      return result;
    };
    const modest: Promise<unknown>[] = [];
    // Both slots are decoding by then.
    const greedyOnes = [1, 2].map((seed) =>
      ask("greedy", seed, 300, () => {
        modest.push(ask("modest", 10 + seed, 4));
      }),
    );
    const results = await Promise.all(greedyOnes);
    await Promise.all(modest);
    assert.deepEqual(ended, ["modest", "modest", "greedy", "greedy"]);
    for (const [index, { tokens, reason }] of results.entries()) {
      assert.equal(reason, "length");
      assert.equal(tokens.length, 300);
      assertSameText(tokens, alone[index] as (typeof alone)[0], `request ${index}`);
    }
    await pool.whenIdle();
    await engine.dispose();
    await rm(directory, { recursive: true });
  });
});
