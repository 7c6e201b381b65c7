import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NativeBindings, NativeModel } from "./native-context.ts";
import { firstTokenMs } from "./vocabulary-grammar.ts";

/** A grammar that takes so much CPU time for each token, and a garbage collection at one of them. */
function grammarOf({ tokenMs, pauseMs }: { readonly tokenMs: number; readonly pauseMs: number }) {
  let spentMs = 0;
  let tokens = 0;
  const AddonSampler = {
    canBeNextTokenForGrammarEvaluationState() {
      tokens += 1;
      spentMs += tokenMs + (tokens === 100 ? pauseMs : 0);
      return true;
    },
  };
  const bindings = { AddonSampler, AddonGrammar: Object, AddonGrammarEvaluationState: Object };
  const parts = {
    bindings: bindings as unknown as NativeBindings,
    model: {} as NativeModel,
    vocabularySize: 152_064,
    isEndOfText: () => false,
  };
  return firstTokenMs(parts, 'root ::= "a"', () => spentMs);
}

describe("what a grammar's first token takes", () => {
  it("is the CPU time of all tokens by some of them, and no pause in between is counted for hundreds", () => {
    assert.equal(Math.round(grammarOf({ tokenMs: 0.001, pauseMs: 0 })), 152);
    assert.equal(Math.round(grammarOf({ tokenMs: 0.001, pauseMs: 5 })), 152);
    assert.equal(Math.round(grammarOf({ tokenMs: 0.01, pauseMs: 5 })), 1521);
  });
});
