import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { SlotPool } from "../slots/slot-pool.ts";
import { GREEDY } from "../generation-contract.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { bindCall, compileGrammar, type OutputConstraint } from "./output-grammar.ts";
import { ToolCallParser } from "./output/tool-calls.ts";
import type { ToolFormat } from "./prompt/chat-template.ts";

const parameters = {
  type: "object",
  properties: { city: { enum: ["Paris", "Lyon"] }, days: { type: "integer", minimum: 1, maximum: 9 } },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = [
  { name: "weather", parameters },
  { name: "time", parameters: { ...parameters, required: ["city"] } },
];
const answer = { tools, toolChoice: "auto", parallelToolCalls: false } as const;

function callGrammar(format: ToolFormat, constrained: OutputConstraint, written: string) {
  const { calls } = compileGrammar(format, constrained);
  return calls && bindCall(calls, written);
}

describe("the grammar of a call that has begun", () => {
  let engine: Engine;
  let pool: SlotPool;
  before(async () => {
    engine = await openTinyEngine({ slots: 1, contextTokens: 512 });
    pool = new SlotPool({ engine, clock: systemClock, costs: undefined, longestPauseMs: 1500, speculates: false });
  });
  after(() => engine.dispose());

  for (const [format, written] of [
    ["hermes", "<tool_call>"],
    ["hermes", '<tool_call>\n{"name": "wea'],
    ["llama3", "<|python_tag|>"],
    ["deepseek", "<｜tool▁calls▁begin｜>"],
    ["mistral", "[TOOL_CALLS]"],
    ["mistral-list", "[TOOL_CALLS] ["],
  ] as const) {
    it(`makes a random model's call after ${JSON.stringify(written)} valid (${format})`, async () => {
      const grammar = callGrammar(format, answer, written);
      assert.ok(grammar !== undefined);
      for (let seed = 0; seed < 5; seed++) {
        const sampling = { ...GREEDY, temperature: 1, seed };
        const result = await generateTokens(pool, [1, 2, 3], 300, { grammar, sampling, ignoreEndOfText: false });
        assert.equal(result.reason, "end-of-text");
        const bytes = result.tokens.map((token) => engine.vocabulary.tokenBytes(token, true));
        const pieces = new ToolCallParser(format, new Set(["weather", "time"]), () => "id").push(
          written + Buffer.concat(bytes).toString("utf8"),
        );
        const args = pieces.map((piece) => (piece.kind === "tool-arguments" ? piece.text : "")).join("");
        assert.ok(["Paris", "Lyon"].includes((JSON.parse(args) as { readonly city: string }).city));
        assert.ok(pieces.some(({ kind }) => kind === "tool-call"));
      }
    });
  }

  it("is none where the call begins like no tool's", () => {
    assert.equal(callGrammar("hermes", answer, '<tool_call>{"tool'), undefined);
    assert.equal(callGrammar("hermes", answer, "<｜tool▁calls▁begin｜>"), undefined);
  });

  it("takes any arguments for a tool whose schema can't be said, holds the others to theirs, and names what it left out", () => {
    const odd = { name: "odd", parameters: { type: "object", properties: { a: { $ref: "#/nowhere" } } } };
    const bounded = { name: "bounded", parameters: { type: "object", properties: { n: { multipleOf: 7 } } } };
    const compiled = compileGrammar("hermes", { ...answer, tools: [odd, bounded, ...tools] });
    assert.deepEqual(compiled.relaxed, [
      "tools[0].function.parameters.properties.a.$ref",
      "tools[1].function.parameters.properties.n.multipleOf",
    ]);
    const bound = compiled.calls && bindCall(compiled.calls, "<tool_call>");
    assert.match(bound?.gbnf ?? "", /odd/u);
    assert.match(bound?.gbnf ?? "", /Paris/u);
    assert.throws(() => compileGrammar("hermes", { ...answer, tools: [{ ...bounded, strict: true }] }), /multipleOf/u);
  });
});
