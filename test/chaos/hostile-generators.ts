import type { Random } from "./random.ts";

/** One class each: what llama.cpp's pre-tokenizers take for one word, and follow a character at a time. */
const CLASSES = [
  "-",
  "a",
  "ACGT",
  "汉",
  " ",
  "\n",
  "0",
  "|",
  "é",
  "😀",
  "\t",
  "_",
  "'",
  "=-",
  "٣",
  "ש",
  ".,",
  "<|",
  "\u0301",
];

/** Up to 40,000 characters of one class, sometimes with another character in the middle. */
export function randomText(random: Random): string {
  const run = random.pick(CLASSES);
  const text = run.repeat(Math.ceil(random.between(1, 40_000) / run.length));
  return random.next() < 0.7 ? text : `${text}${random.pick(CLASSES)}${text}`;
}

const NAMES = ["a", "b", "c", "d", "name", "value", "$ref", "a\nb", "汉", ""];
const PATTERNS = [
  "^a*$",
  "^(a?){30}$",
  "^(a|b)*c$",
  "^[^\\d]{3,}$",
  "(x+x+)+y",
  "^\\p{L}+$",
  "^(?=a)b",
  "^((a*)*)*$",
  "^.{0,5000}$",
];

/** A schema of any shape, with references to its own parts: often one that no grammar can say, and sometimes one that blows up. */
export function randomSchema(random: Random): object {
  const $defs = Object.fromEntries(["x", "y", "z"].map((name) => [name, schemaOf(random, 3)]));
  return { ...schemaOf(random, 5), $defs };
}

function schemaOf(random: Random, depth: number): object {
  if (depth === 0 || random.next() < 0.15) return scalar(random);
  const next = () => schemaOf(random, depth - 1);
  const several = (most: number) => Array.from({ length: random.between(1, most) }, next);
  return random.pick([
    () => objectOf(random, depth),
    () => objectOf(random, depth),
    () => ({
      type: "array",
      items: next(),
      ...maybe(random, "maxItems", [0, 3, 100_000]),
      ...maybe(random, "minItems", [0, 2, 50]),
    }),
    () => ({ type: "array", prefixItems: several(4) }),
    () => ({ anyOf: several(6) }),
    () => ({ oneOf: several(4) }),
    () => ({ allOf: several(3) }),
    () => ({ $ref: `#/$defs/${random.pick(["x", "y", "z", "none"])}` }),
    () => ({ $ref: "#" }),
    () => ({ not: next() }),
  ])();
}

function objectOf(random: Random, depth: number): object {
  const names = Array.from({ length: random.pick([1, 2, 4, 8, 200]) }, (_, index) =>
    random.pick([...NAMES, `p${index}`]),
  );
  const properties = Object.fromEntries(
    names.map((name) => [name, schemaOf(random, Math.min(depth - 1, names.length > 8 ? 0 : depth))]),
  );
  return {
    type: "object",
    properties,
    required: names.filter(() => random.next() < 0.5),
    ...maybe(random, "additionalProperties", [true, false, {}]),
    ...maybe(random, "minProperties", [0, 1, 9]),
  };
}

function scalar(random: Random): object {
  return random.pick<() => object>([
    () => ({ type: "string", ...maybe(random, "pattern", PATTERNS), ...maybe(random, "minLength", [0, 5, 100_000]) }),
    () => ({
      type: "string",
      ...maybe(random, "format", ["date-time", "email", "uuid", "what"]),
      ...maybe(random, "maxLength", [0, 5, 1e9]),
    }),
    () => ({
      type: random.pick(["integer", "number"]),
      ...maybe(random, "minimum", [-1e15, 0, 0.1, 1e300]),
      ...maybe(random, "multipleOf", [1, 3, 0.01, 1e-9]),
    }),
    () => ({
      enum: Array.from({ length: random.pick([1, 5, 1000]) }, (_, index) => `${random.pick(CLASSES)}${index}`),
    }),
    () => ({ const: random.pick([null, 1, "a", [1, { a: 2 }]]) }),
    () => ({ type: random.pick(["boolean", "null", "any"]) }),
    () => ({}),
  ])();
}

/** A grammar of a client's own: often one that can't be read, and sometimes one whose alternatives double with each letter. */
export function randomGrammar(random: Random): string {
  const rules = ["root", "r", "s"].map((name) => `${name} ::= ${alternatives(random, 4)}`);
  return rules.join("\n");
}

function alternatives(random: Random, depth: number): string {
  return Array.from({ length: random.between(1, 3) }, () => sequence(random, depth)).join(" | ");
}

function sequence(random: Random, depth: number): string {
  return Array.from({ length: random.between(1, 3) }, () => {
    const count = random.pick(["", "", "", "?", "*", "+", "{0,60}", "{2,}", "{1,2000}"]);
    if (depth === 0 || random.next() < 0.6)
      return `${random.pick(['"a"', "[a-c]", "[^\\n]", ".", "r", "s", '"x"'])}${count}`;
    return `(${alternatives(random, depth - 1)})${count}`;
  }).join(" ");
}

/** The keyword with one of the values, half of the time. */
function maybe(random: Random, keyword: string, values: readonly unknown[]): object {
  return random.next() < 0.5 ? {} : { [keyword]: random.pick(values) };
}
