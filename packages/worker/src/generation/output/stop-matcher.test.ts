import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { StopMatcher } from "./stop-matcher.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

describe("StopMatcher", () => {
  it("lets out exactly the text before the first stop string, however the text is cut", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 10 }), fc.array(stop, { maxLength: 4 }), (pieces, stops) => {
        const matcher = new StopMatcher(stops);
        let out = "";
        let stopped: string | undefined;
        for (const piece of pieces) {
          const match = matcher.push(piece);
          out += match.text;
          stopped = match.stopped;
          if (stopped !== undefined) break;
        }
        if (stopped === undefined) out += matcher.flush();
        const all = pieces.join("");
        const starts = stops.map((one) => all.indexOf(one)).filter((at) => at !== -1);
        assert.equal(stopped !== undefined, starts.length > 0);
        if (stopped === undefined) assert.equal(out, all);
        else assert.ok(stops.every((one) => !out.includes(one)) && all.startsWith(out + stopped));
      }),
    );
  });

  it("holds back what may become a stop string, and nothing else", () => {
    const matcher = new StopMatcher(["END"]);
    assert.deepEqual(matcher.push("x E"), { text: "x " });
    assert.deepEqual(matcher.push("N"), { text: "" });
    assert.deepEqual(matcher.push("O E"), { text: "ENO " });
    assert.deepEqual(matcher.push("ND y"), { text: "", stopped: "END" });
  });
});
