import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { RequestError } from "../errors.ts";
import { GrammarRules } from "./grammar/grammar-rules.ts";
import { completeText } from "./grammar/complete-text.ts";
import { openChoices } from "./grammar/open-choices.ts";
import type { Schema } from "./schema.ts";
import { refuseCrowdedRules, schemaRule } from "./schema-rule.ts";

fc.configureGlobal({ seed: 20_261_127 });

/** Where conversion was not bounded these took from three seconds to minutes; the bound leaves room for a busy machine. */
const MOST_MS = 3000;

describe("Schemas that ask for much work", () => {
  it("of which two recursive alternatives have eight properties each are compared once, not 8^8 times", () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const recursive = (name: string) => ({
      type: "object",
      properties: Object.fromEntries(names.map((property) => [property, { $ref: `#/$defs/${name}` }])),
      required: names,
    });
    const $defs = { x: recursive("x"), y: recursive("y") };
    assert.match(refusal({ oneOf: [{ $ref: "#/$defs/x" }, { $ref: "#/$defs/y" }], $defs }), /overlap/u);
  });

  it("as a lattice of allOf are as large as their levels, and not as their ways", () => {
    const $defs: Record<string, unknown> = { a30: { type: "object", properties: { v: { type: "integer" } } } };
    for (let level = 0; level < 30; level++) {
      const next = { $ref: `#/$defs/a${level + 1}` };
      $defs[`a${level}`] = { allOf: [next, { ...next }] };
    }
    assert.ok(inTime(() => gbnfOf({ $ref: "#/$defs/a0", $defs })).length < 2000);
  });

  it("with recursion through allOf end, by a grammar or by a refusal that names the place", () => {
    const $defs = {
      node: {
        allOf: [
          { type: "object", properties: { left: { $ref: "#/$defs/node" }, right: { $ref: "#/$defs/node" } } },
          { type: "object", properties: { left: { type: "object" }, right: { $ref: "#/$defs/node" }, v: {} } },
        ],
      },
    };
    inTime(() => tryGbnf({ $ref: "#/$defs/node", $defs }));
  });

  it("with thousands of optional properties or of values are not thousands of alternatives at one place", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`p${index}`, { type: "boolean" }]),
    );
    const wide = inTime(() => gbnfOf({ type: "object", properties, additionalProperties: false }));
    assert.deepEqual(openChoices(wide).crowdedRules, []);
    assert.deepEqual(JSON.parse(`{"p7": true, "p2${completeText(wide, '{"p7": true, "p2') ?? ""}`), {
      p7: true,
      p2: true,
    });
    const values = Array.from({ length: 3000 }, (_, index) => `value ${index}`);
    assert.deepEqual(openChoices(inTime(() => gbnfOf({ enum: values }))).crowdedRules, []);
  });

  it("as patterns repeat nothing that may be empty", () => {
    for (const pattern of [
      "^(a?){60}$",
      "^(a?){100}$",
      "^((a*)*)*$",
      "^(a?b?c?){50}$",
      "^((a|b?)+){20}$",
      "^(x{0,3}){0,300}$",
    ]) {
      const gbnf = inTime(() => gbnfOf({ type: "string", pattern }));
      assert.deepEqual(openChoices(gbnf).crowdedRules, [], pattern);
      const text = `"a${completeText(gbnf, pattern.includes("x") ? '"' : '"a') ?? assert.fail(pattern)}`;
      if (!pattern.includes("x")) assert.match(JSON.parse(text) as string, new RegExp(pattern, "u"));
    }
  });

  it("that open too many alternatives at one place are refused, and the refusal names the part", () => {
    const values = Array.from({ length: 400 }, (_, index) => String.fromCodePoint(0x4e00 + index));
    const schema = { type: "object", properties: { sign: { enum: values } }, required: ["sign"] };
    assert.match(refusal(schema), /format\.schema\.properties\.sign.*too many alternatives/u);
  });

  it("of any shape take seconds at the most", () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        inTime(() => tryGbnf(schema));
      }),
      { numRuns: 300 },
    );
  });
});

function inTime<T>(action: () => T): T {
  const before = process.cpuUsage();
  const result = action();
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  assert.ok(ms < MOST_MS, `${Math.round(ms)} ms`);
  return result;
}

function gbnfOf(schema: unknown): string {
  const rules = new GrammarRules();
  const gbnf = rules.toString(schemaRule(rules, schema as Schema, "format.schema"));
  refuseCrowdedRules(rules, gbnf, "format.schema");
  return gbnf;
}

function tryGbnf(schema: unknown): string {
  try {
    return gbnfOf(schema);
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error));
    assert.equal(error.refusal.reason, "unsupported_schema");
    return error.message;
  }
}

function refusal(schema: unknown): string {
  return inTime(() => {
    try {
      gbnfOf(schema);
    } catch (error) {
      return error instanceof RequestError ? error.message : String(error);
    }
    return assert.fail("it was taken");
  });
}

const reference = fc.constantFrom("#", "#/$defs/a", "#/$defs/b", "#/properties/x").map(($ref) => ({ $ref }));

/** Schemas that refer to themselves and each other in all places. */
const anySchema = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    reference,
    fc.record({ type: fc.constantFrom("string", "integer", "object", "array", "null") }),
    fc.record({ type: fc.constant("string"), pattern: fc.constantFrom("^(a?){30}$", "(a|aa)*$", "^[a-z]{0,9}(b*)*") }),
    fc.record({ enum: fc.array(fc.string(), { minLength: 1, maxLength: 30 }) }),
    fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 4 }) }),
    fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 4 }) }),
    fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 4 }) }),
    fc.record({ items: tie("schema"), minItems: fc.nat(9), maxItems: fc.nat(2000) }),
    fc.record({
      type: fc.constant("object"),
      properties: fc.dictionary(fc.constantFrom("x", "y", "z", "xx", "xy"), tie("schema"), { maxKeys: 5 }),
      required: fc.subarray(["x", "y"]),
      additionalProperties: fc.oneof(fc.boolean(), tie("schema")),
    }),
  ),
  document: fc.record({
    properties: fc.record({ x: tie("schema"), y: tie("schema") }),
    $defs: fc.record({ a: tie("schema"), b: tie("schema") }),
    allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }),
  }),
})).document;
