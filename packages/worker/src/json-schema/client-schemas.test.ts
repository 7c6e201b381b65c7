import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GrammarRules } from "./grammar/grammar-rules.ts";
import { completeText } from "./grammar/complete-text.ts";
import type { Schema } from "./schema.ts";
import { schemaRule } from "./schema-rule.ts";
import { joinPatterns } from "./patterns/join-patterns.ts";

/** Whether a JSON text follows the schema's grammar to its end. */
function takes(schema: Schema, text: string): boolean {
  const rules = new GrammarRules();
  const gbnf = rules.toString(schemaRule(rules, schema, "schema"));
  return completeText(gbnf, text) === "";
}

describe("Schemas that clients' libraries write", () => {
  const cases: readonly (readonly [why: string, schema: Schema, good: readonly string[], bad: readonly string[]])[] = [
    [
      "options of which each has its own anchors",
      { type: "string", pattern: "^$|^[a-f]{2}$|^[A-F]{2}$" },
      ['""', '"ab"', '"AB"'],
      ['"aB"', '"a"'],
    ],
    [
      "a pattern with the least length",
      { type: "string", pattern: "^[a-z]+$", minLength: 2, maxLength: 3 },
      ['"ab"', '"abc"'],
      ['"a"', '"abcd"'],
    ],
    [
      "two patterns",
      { type: "string", allOf: [{ pattern: "^ab.*" }, { pattern: ".*yz$" }] },
      ['"abyz"', '"ab-yz"'],
      ['"ab"', '"yz"', '"abyz-"'],
    ],
    [
      "multiples within bounds",
      { type: "integer", multipleOf: 7, minimum: 0, maximum: 21 },
      ["0", "7", "21"],
      ["1", "28"],
    ],
    [
      "multiples of a decimal",
      { type: "number", multipleOf: 0.5, exclusiveMinimum: 0, maximum: 1 },
      ["0.5", "1.0"],
      ["0.0", "0.25"],
    ],
    [
      "multiples that the last digits tell",
      { type: "integer", multipleOf: 25 },
      ["0", "25", "-75", "1200"],
      ["5", "30", "0025"],
    ],
    ["prices", { type: "number", multipleOf: 0.01, minimum: 0 }, ["0", "12.5", "3.99"], ["-1", "1.234"]],
    [
      "maps with listed names",
      {
        type: "object",
        propertyNames: { type: "string", enum: ["a", "b"] },
        additionalProperties: { type: "boolean" },
        required: ["a"],
      },
      ['{"a":true}', '{"a":true,"b":false}'],
      ['{"b":true}', '{"a":true,"c":true}', '{"a":1}'],
    ],
  ];
  for (const [why, schema, good, bad] of cases) {
    it(`are held to: ${why}`, () => {
      for (const text of good) assert.ok(takes(schema, text), text);
      for (const text of bad) assert.ok(!takes(schema, text), text);
    });
  }

  it("hold integers to whole multiples alone, and leave out no multiple silently", () => {
    const halves = { type: "integer", multipleOf: 0.5, minimum: 0, maximum: 2 };
    assert.ok(takes(halves, "1"));
    assert.ok(!takes(halves, "0.5"));
    const relaxed = new Set<string>();
    schemaRule(
      new GrammarRules(),
      { properties: { a: { multipleOf: 7 }, b: { type: "integer", multipleOf: 1.5 } } },
      "s",
      relaxed,
    );
    assert.deepEqual([...relaxed], ["s.properties.a.multipleOf", "s.properties.b.multipleOf"]);
  });

  it("join patterns only where they speak of different ends", () => {
    assert.equal(joinPatterns("^a", "^b"), undefined);
    assert.equal(joinPatterns("a$", "b$"), undefined);
    assert.equal(joinPatterns("^a$", "b"), undefined);
    assert.equal(joinPatterns("mid", "^a.*"), "^(?:a).*(?:mid)");
  });
});
