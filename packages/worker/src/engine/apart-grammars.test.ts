import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { syntheticFile, writeGguf } from "@drover/models";
import { ApartGrammars } from "./apart-grammars.ts";
import type { Engine } from "./engine.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";

/** Each `a` doubles what llama.cpp has to follow. */
const DOUBLING = 'root ::= s\ns ::= "a" s "b" | "a" s "c" | "d"';

describe("A grammar in a process of its own", () => {
  let directory: string;
  let modelPath: string;
  let engine: Engine;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "drover-apart-"));
    modelPath = join(directory, "tiny.gguf");
    await writeGguf(modelPath, syntheticFile("tiny", "f16"));
    engine = await openTinyEngine({ slots: 1, contextTokens: 64 });
  });
  after(async () => {
    await engine.dispose();
    await rm(directory, { recursive: true });
  });
  const tokenOf = (char: string) => engine.vocabulary.tokenize(char, "plain")[0] ?? assert.fail(char);

  async function using(action: (grammars: ApartGrammars) => Promise<void>, clock: Clock = systemClock): Promise<void> {
    const grammars = new ApartGrammars(modelPath, clock);
    try {
      await action(grammars);
    } finally {
      grammars.dispose();
    }
  }

  it("takes what is allowed, refuses the rest, and knows all that is allowed", () =>
    using(async (grammars) => {
      const grammar = grammars.open('root ::= "a" [bc] "d"', []);
      assert.equal(await grammar.takeIfAllowed(tokenOf("b")), false);
      assert.equal(await grammar.takeIfAllowed(tokenOf("a")), true);
      const allowed = await grammar.allowed();
      assert.equal(allowed.length, engine.model.vocabularySize);
      assert.deepEqual(
        ["a", "b", "c", "d"].map(tokenOf).map((token) => allowed[token]),
        [0, 1, 1, 0],
      );
      await grammar.take(tokenOf("c"));
      assert.equal(await grammar.takeIfAllowed(tokenOf("d")), true);
      const resumed = grammars.open('root ::= "a" [bc] "d"', ["a", "b"].map(tokenOf));
      assert.equal(await resumed.takeIfAllowed(tokenOf("d")), true);
    }));

  it("that llama.cpp can't read is bad, and no other", () =>
    using(async (grammars) => {
      const bad = grammars.open("root ::= nothing", []);
      const good = grammars.open('root ::= "a"', []);
      await assert.rejects(bad.allowed(), { code: "bad_grammar" });
      assert.equal(await good.takeIfAllowed(tokenOf("a")), true);
    }));

  it("that never ends is too slow, and those beside it go on where they were in another process", async () => {
    let nowMs = 0;
    let tick: (() => void) | undefined;
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      every: (_, action) => {
        tick = action;
        return () => undefined;
      },
    };
    await using(async (grammars) => {
      const good = grammars.open('root ::= "a" "b" "c"', []);
      assert.equal(await good.takeIfAllowed(tokenOf("a")), true);
      const endless = grammars.open(
        DOUBLING,
        Array.from({ length: 40 }, () => tokenOf("a")),
      );
      const over = new AbortController();
      const refused = assert.rejects(endless.allowed(), { code: "grammar_too_slow" }).finally(() => over.abort());
      // The process is asked what it knows of the grammar first: whichever task it has, time goes on until it is lost.
      for (await systemTurn(); !over.signal.aborted; await systemTurn()) {
        nowMs += 60_000;
        tick?.();
      }
      await refused;
      assert.equal(await good.takeIfAllowed(tokenOf("b")), true);
      assert.equal(await good.takeIfAllowed(tokenOf("c")), true);
      endless.close();
    }, clock);
  });
});

/** Whatever has happened in the meantime is heard. */
function systemTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
