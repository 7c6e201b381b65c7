import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completeText } from "./complete-text.ts";
import { GrammarRules } from "./grammar-rules.ts";
import { schemaRule } from "../schema-rule.ts";

const PERSON = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 3 },
    tags: { type: "array", items: { enum: ["a", "bc"] }, minItems: 2 },
    next: { anyOf: [{ type: "null" }, { $ref: "#" }] },
    code: { type: "string", pattern: '^[A-Z]{2}-\\d+"$' },
  },
  required: ["name", "tags", "next"],
  additionalProperties: false,
} as const;

const TEXT =
  '{"name":"a\\"b\\u00e9 🐑", "tags":["a","bc", "a"],"next":{"name": "xyz","tags":\n ["a","a"],"next":null},"code":"AB-12\\""}';

describe("completeText", () => {
  it("makes every beginning of a text whole, and adds nothing to a whole one", () => {
    const grammar = grammarOf(PERSON);
    const chars = Array.from(TEXT);
    for (let length = 0; length <= chars.length; length++) {
      const beginning = chars.slice(0, length).join("");
      const rest = completeText(grammar, beginning);
      assert.ok(rest !== undefined, beginning);
      const value = JSON.parse(beginning + rest) as Readonly<Record<string, unknown>>;
      assert.ok(
        String(value["name"]).length >= 3 && Array.isArray(value["tags"]) && value["tags"].length >= 2,
        beginning + rest,
      );
      assert.ok("next" in value);
    }
    assert.equal(completeText(grammar, TEXT), "");
  });

  it("takes the shortest way out", () => {
    assert.equal(completeText(grammarOf({ type: "string" }), '"abc'), '"');
    assert.equal(completeText(grammarOf({ type: "array", items: {} }), '[{"a": tr'), "ue}]");
    assert.equal(completeText(grammarOf({ type: "integer", minimum: 250, maximum: 999 }), "2"), "50");
  });

  it("counts what a repetition still needs, over a thousand too", () => {
    const grammar = grammarOf({ type: "string", minLength: 2500, maxLength: 2600 });
    assert.equal(`x${completeText(grammar, '"x') ?? ""}`.length, 2501);
    assert.equal(completeText(grammar, `"${"é".repeat(2600)}`), '"');
    assert.equal(completeText(grammar, `"${"é".repeat(2601)}`), undefined);
  });

  it("has nothing to say of a text that is not the grammar's", () => {
    assert.equal(completeText(grammarOf(PERSON), '{"nome'), undefined);
  });
});

function grammarOf(schema: Readonly<Record<string, unknown>>): string {
  const rules = new GrammarRules();
  return rules.toString(schemaRule(rules, schema, "schema"));
}
