import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { SlotPool } from "../slots/slot-pool.ts";
import { GREEDY } from "../generation-contract.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { bindCall, compileGrammar, type OutputConstraint } from "./output-grammar.ts";
import { completeText } from "../json-schema/grammar/complete-text.ts";
import { propertyTypes } from "../json-schema/value-types.ts";
import { ToolCallParser } from "./output/tool-calls.ts";
import type { ToolFormat } from "./output/tool-calls.ts";

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
const response = { tools, toolChoice: "auto", parallelToolCalls: false } as const;

function callGrammar(format: ToolFormat, constrained: OutputConstraint, written: string) {
  const { calls } = compileGrammar(format, constrained);
  return calls && bindCall(calls, written);
}

/** As coding tools have it: a text, one of few, one by a pattern, a number that may be missing, and a list. */
const edit = {
  name: "edit",
  parameters: {
    type: "object",
    properties: {
      text: { type: "string" },
      mode: { $ref: "#/$defs/mode" },
      sum: { type: "string", pattern: "^[0-9a-f]{4}$" },
      line: { anyOf: [{ type: "integer", minimum: 1, maximum: 9 }, { type: "null" }] },
      tags: { type: "array", items: { enum: ["a", "b"] }, maxItems: 2 },
    },
    required: ["text", "mode", "sum", "line"],
    additionalProperties: false,
    $defs: { mode: { enum: ["12", "append"] } },
  },
  strict: true,
};

interface Edit {
  readonly text: unknown;
  readonly mode: string;
  readonly sum: string;
  readonly line: number | null;
}

describe("the grammar of a call that has begun", () => {
  let engine: Engine;
  let pool: SlotPool;
  before(async () => {
    engine = await openTinyEngine({ slots: 1, contextTokens: 512 });
    pool = new SlotPool({ engine, clock: systemClock, costs: undefined, settings: completeSettings() });
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
      const grammar = callGrammar(format, response, written);
      assert.ok(grammar !== undefined);
      for (let seed = 0; seed < 5; seed++) {
        const sampling = { ...GREEDY, temperature: 1, seed };
        const result = await generateTokens(pool, [1, 2, 3], 300, { grammar, sampling, ignoreEndOfText: false });
        assert.equal(result.reason, "end-of-text");
        const bytes = result.tokens.map((token) => engine.vocabulary.tokenBytes(token, "control"));
        const pieces = new ToolCallParser(format, new Set(["weather", "time"]), () => "id").push(
          written + Buffer.concat(bytes).toString("utf8"),
        );
        const args = pieces.map((piece) => (piece.kind === "tool-arguments" ? piece.text : "")).join("");
        assert.ok(["Paris", "Lyon"].includes((JSON.parse(args) as { readonly city: string }).city));
        assert.ok(pieces.some(({ kind }) => kind === "tool-call"));
      }
    });
  }

  for (const [format, marks] of [
    ["qwen-coder", ["<tool_call>", "<function="]],
    ["glm", ["<tool_call>"]],
    ["minimax", ["<minimax:tool_call>"]],
  ] as const) {
    it(`holds elements to the schema, and lets texts be texts (${format})`, async () => {
      const tools = [edit];
      const required = compileGrammar(format, { tools, toolChoice: "required", parallelToolCalls: true }).grammar;
      const begun = marks.map((mark) => [mark, callGrammar(format, { ...response, tools }, mark)] as const);
      for (const [mark, grammar] of [["", required] as const, ...begun]) {
        assert.ok(grammar !== undefined, mark);
        for (let seed = 0; seed < 3; seed++) {
          const sampling = { ...GREEDY, temperature: 1, seed };
          const end = { grammar, sampling, ignoreEndOfText: false };
          const { tokens } = await generateTokens(pool, [1, 2, 3], 400, end);
          const bytes = tokens.map((token) => engine.vocabulary.tokenBytes(token, "control"));
          const written = Buffer.concat(bytes).toString("utf8");
          const text = mark + written + (completeText(grammar.gbnf, written) ?? "");
          assertEdit(text, format);
        }
      }
    });
  }

  it("lets a text of a call have any tags but its own, and names what it can't hold it to", () => {
    const page = { name: "page", parameters: { properties: { html: { type: "string", minLength: 1 } } } };
    const written =
      '<parameter=html>\n<p class="a">&lt; </parameters> <<b></p>\n</parameter>\n</function>\n</tool_call>';
    const grammar = callGrammar("qwen-coder", { ...response, tools: [page] }, "<tool_call>\n<function=page>\n");
    assert.equal(completeText(grammar?.gbnf ?? "", written), "");
    assert.equal(completeText(grammar?.gbnf ?? "", written.replace("</parameters>", "</parameter>")), undefined);
    const long = { ...page, parameters: { properties: { html: { type: "string", maxLength: 100_000 } } } };
    const { relaxed } = compileGrammar("qwen-coder", { ...response, tools: [long] });
    assert.deepEqual(relaxed, ["tools[0].function.parameters.properties.html.maxLength"]);
    assert.throws(() => compileGrammar("glm", { ...response, tools: [{ ...long, strict: true }] }), /maxLength/u);
  });

  it("takes any elements for a tool that names none, and many optional ones in any order", () => {
    const open = { name: "open", parameters: { type: "object" } };
    const names = Array.from({ length: 70 }, (_, index) => [`n${index}`, { type: "integer" }] as const);
    const many = { name: "many", parameters: { properties: Object.fromEntries(names) } };
    for (const [name, text] of [
      ["open", element("any", "<b>")],
      ["many", element("n69", "1") + element("n2", "2")],
    ] as const) {
      const grammar = callGrammar("glm", { ...response, tools: [open, many] }, "<tool_call>");
      assert.equal(completeText(grammar?.gbnf ?? "", `${name}\n${text}</tool_call>`), "", name);
    }
  });

  it("is none where the call begins like no tool's", () => {
    assert.equal(callGrammar("hermes", response, '<tool_call>{"tool'), undefined);
    assert.equal(callGrammar("hermes", response, "<｜tool▁calls▁begin｜>"), undefined);
  });

  it("takes any arguments for a tool whose schema can't be said, holds the others to theirs, and names what it left out", () => {
    const odd = { name: "odd", parameters: { type: "object", properties: { a: { $ref: "#/nowhere" } } } };
    const bounded = { name: "bounded", parameters: { type: "object", properties: { n: { multipleOf: 7 } } } };
    const compiled = compileGrammar("hermes", { ...response, tools: [odd, bounded, ...tools] });
    assert.deepEqual(compiled.relaxed, [
      "tools[0].function.parameters.properties.a.$ref",
      "tools[1].function.parameters.properties.n.multipleOf",
    ]);
    const bound = compiled.calls && bindCall(compiled.calls, "<tool_call>");
    assert.match(bound?.gbnf ?? "", /odd/u);
    assert.match(bound?.gbnf ?? "", /Paris/u);
    assert.throws(
      () => compileGrammar("hermes", { ...response, tools: [{ ...bounded, strict: true }] }),
      /multipleOf/u,
    );
  });
});

function element(name: string, value: string): string {
  return `<arg_key>${name}</arg_key>\n<arg_value>${value}</arg_value>\n`;
}

function assertEdit(text: string, format: ToolFormat): void {
  const typesOf = propertyTypes(edit.parameters);
  const parser = new ToolCallParser(
    format,
    new Set(["edit"]),
    () => "id",
    (_, name) => typesOf(name),
  );
  const pieces = [...parser.push(text), ...parser.flush()];
  const args = pieces.map((piece) => (piece.kind === "tool-arguments" && piece.index === 0 ? piece.text : "")).join("");
  const { text: said, mode, sum, line } = JSON.parse(args) as Edit;
  assert.equal(typeof said, "string", text);
  assert.ok(["12", "append"].includes(mode), text);
  assert.match(sum, /^[0-9a-f]{4}$/u);
  assert.ok(line === null || Number.isInteger(line), text);
}
