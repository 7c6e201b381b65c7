import type { Random } from "../../chaos/random.ts";

/** A chat that asks for JSON of a generated schema, as its text. */
export function generateSchemaBody(random: Random): string {
  const names = ["a", "b", "c"];
  const schema = {
    ...(generateSchema(random, 4, names) as object),
    $defs: Object.fromEntries(names.map((name) => [name, generateSchema(random, 3, names)])),
  };
  return JSON.stringify({
    messages: [{ role: "user", content: "x" }],
    max_tokens: 4,
    response_format: { type: "json_schema", json_schema: { name: "a", strict: random.next() < 0.5, schema } },
  });
}

function generateSchema(random: Random, depth: number, names: readonly string[]): unknown {
  const sub = () => (depth === 0 ? random.pick([{}, true, false]) : generateSchema(random, depth - 1, names));
  const several = (most: number) => Array.from({ length: random.between(1, most) }, sub);
  const kinds: readonly (() => unknown)[] = [
    () => ({ $ref: `#/$defs/${random.pick(names)}` }),
    () => ({ type: "string", pattern: generatePattern(random, 4) }),
    () => ({ type: "string", minLength: random.between(0, 100_000), maxLength: random.between(0, 100_000) }),
    () => ({ type: "string", format: random.pick(["date", "uuid", "email", "no-such", ""]) }),
    () => ({ type: "integer", minimum: -(10 ** random.between(0, 300)), multipleOf: random.between(1, 1e6) }),
    () => ({ enum: Array.from({ length: random.between(1, 2000) }, (_, index) => `${index} ${random.between(0, 9)}`) }),
    () => ({ type: "array", items: sub(), minItems: random.between(0, 100_000), uniqueItems: true }),
    () => ({
      type: "object",
      properties: properties(random, sub),
      required: ["p0", "no such"],
      additionalProperties: sub(),
    }),
    () => ({ [random.pick(["oneOf", "anyOf", "allOf"])]: several(6) }),
    () => ({ not: sub() }),
    () => ({ type: random.pick(["object", "null", ["string", "null"], 5, "no such"]), const: sub() }),
  ];
  return random.pick(kinds)();
}

function properties(random: Random, sub: () => unknown): Record<string, unknown> {
  const count = random.next() < 0.1 ? random.between(100, 2000) : random.between(1, 5);
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index < 5 ? sub() : {}]));
}

/** A regular expression, mostly a sound one: groups, repetitions and alternatives within each other. */
export function generatePattern(random: Random, depth: number): string {
  if (depth === 0)
    return random.pick(["a", "[a-z]", ".", "\\d", "[^\\n]", "é", "\\p{L}", "(?=a)", "\\1", "[", "^", "$"]);
  const inner = () => generatePattern(random, depth - 1);
  const kinds = [
    () => inner() + inner(),
    () => `(${inner()}|${inner()})`,
    () => `(${inner()})*`,
    () => `(${inner()}?){${random.between(0, 60)}}`,
    () => `(?:${inner()}){0,${random.between(1, 100_000)}}`,
    () => `(${inner()}+)+`,
  ];
  return random.pick(kinds)();
}
