import { bareAlphabet } from "../json-schema/grammar/alphabet.ts";
import { charClass, type GrammarRules, literal } from "../json-schema/grammar/grammar-rules.ts";
import { type TextEntry, textTree } from "../json-schema/grammar/text-tree.ts";
import { withListedNames, withoutPatterns } from "../json-schema/named-properties.ts";
import { refusingParts } from "../json-schema/schema-rule.ts";
import { SchemaConverter } from "../json-schema/schema-converter.ts";
import { SchemaRefs } from "../json-schema/schema-refs.ts";
import {
  asSchema,
  at,
  numberOf,
  propertiesOf,
  type Relax,
  relaxInto,
  requiredOf,
  type Schema,
  type SchemaObject,
  valuesOf,
} from "../json-schema/schema.ts";
import { textRule } from "../json-schema/string-rule.ts";
import { valueTypes } from "../json-schema/value-types.ts";
import type { ToolDefinition } from "./prompt/chat-message.ts";
import type { ToolFormat } from "./output/tool-calls.ts";

type TaggedFormat = Extract<ToolFormat, "qwen-coder" | "glm" | "minimax">;

const TAGGED: ReadonlySet<ToolFormat> = new Set(["qwen-coder", "glm", "minimax"]);

/** Are arguments elements rather than one object? */
export function isTagged(format: ToolFormat): format is TaggedFormat {
  return TAGGED.has(format);
}

/** What stands before and after the arguments of a call. */
export function taggedFrame(format: TaggedFormat, name: string): { readonly head: string; readonly tail: string } {
  if (format === "glm") return { head: `<tool_call>${name}\n`, tail: "</tool_call>" };
  if (format === "minimax") return { head: `\n<invoke name="${name}">\n`, tail: "</invoke>" };
  return { head: `<tool_call>\n${untaggedFrame(name).head}`, tail: `${untaggedFrame(name).tail}\n</tool_call>` };
}

/** Qwen3-Coder leaves the outer tag out at times. */
export function untaggedFrame(name: string): { readonly head: string; readonly tail: string } {
  return { head: `<function=${name}>\n`, tail: "</function>" };
}

/** What stands around an argument's name and its value. */
interface ElementForm {
  readonly before: string;
  readonly between: string;
  readonly after: string;
  /** What ends a value. */
  readonly closingTag: string;
}

const ELEMENTS: Readonly<Record<TaggedFormat, ElementForm>> = {
  "qwen-coder": { before: "<parameter=", between: ">\n", after: "\n</parameter>\n", closingTag: "</parameter>" },
  glm: {
    before: "<arg_key>",
    between: "</arg_key>\n<arg_value>",
    after: "</arg_value>\n",
    closingTag: "</arg_value>",
  },
  minimax: { before: '<parameter name="', between: '">', after: "</parameter>\n", closingTag: "</parameter>" },
};

/** Letters, digits and what else names of arguments have. */
const NAME_CHARS = charClass([
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);

/** Further optional elements come in any order: each that may be next is an alternative. */
const MOST_OPTIONAL_IN_ORDER = 64;

/** A longer text is not counted: it may have any tags but its own. */
const MOST_COUNTED_CHARS = 1000;

/** Keywords of an object that say which elements it has, and that elements one by one can't keep to. */
const UNSUPPORTED =
  "anyOf oneOf not if dependentRequired dependentSchemas dependencies minProperties maxProperties".split(" ");

/**
 * The rule of a tool's arguments as elements, in their order.
 *
 * @param relaxed takes the parts of the schema that are left out; absent: they are refused
 * @throws RequestError
 */
export function taggedArguments(
  rules: GrammarRules,
  format: TaggedFormat,
  { parameters }: Pick<ToolDefinition, "parameters">,
  param: string,
  relaxed?: Set<string>,
): string {
  const document = { type: "object", ...parameters };
  return refusingParts(document, param, () =>
    rules.at(param, () => new TaggedArguments(rules, ELEMENTS[format], document, { param, relaxed }).rule()),
  );
}

class TaggedArguments {
  readonly #rules: GrammarRules;
  readonly #form: ElementForm;
  readonly #document: SchemaObject;
  readonly #relax: Relax;
  readonly #refs: SchemaRefs;
  readonly #converter: SchemaConverter;

  constructor(
    rules: GrammarRules,
    form: ElementForm,
    document: SchemaObject,
    { param, relaxed }: { readonly param: string; readonly relaxed: Set<string> | undefined },
  ) {
    this.#rules = rules;
    this.#form = form;
    this.#document = document;
    this.#relax = relaxInto(relaxed, param);
    this.#refs = new SchemaRefs(document);
    this.#converter = new SchemaConverter(rules, document, param, relaxed);
  }

  rule(): string {
    const flat = this.#refs.flat(this.#document, "");
    const schema = typeof flat === "boolean" ? {} : withListedNames(withoutPatterns(flat, ""), "");
    for (const keyword of UNSUPPORTED)
      if (keyword in schema) this.#relax(keyword, "this keyword is not supported here");
    const { additionalProperties: further } = schema;
    const declared = propertiesOf(schema, "");
    const required = new Set(requiredOf(schema));
    const isOpen = further === undefined ? !("properties" in schema) : further !== false;
    const names = [...new Set([...declared.keys(), ...required])];
    const elements = names.map((name) => ({
      entry: this.#entry(name, declared.get(name) ?? true),
      isRequired: required.has(name),
    }));
    const inOrder = this.#inOrder(elements);
    if (isOpen) inOrder.push(`${this.#anyElement(asSchema(further ?? true, "additionalProperties"))}*`);
    return inOrder.length === 0 ? '""' : this.#rules.add(inOrder.join(" "));
  }

  #inOrder(elements: readonly { readonly entry: TextEntry; readonly isRequired: boolean }[]): string[] {
    const optional = elements.filter(({ isRequired }) => !isRequired);
    if (optional.length > MOST_OPTIONAL_IN_ORDER) {
      const required = elements.filter(({ isRequired }) => isRequired).map(({ entry }) => this.#element(entry));
      const others = textTree(
        this.#rules,
        optional.map(({ entry }) => entry),
      );
      return [...required, `${this.#rules.add(others)}*`];
    }
    return elements.map(({ entry, isRequired }) => `${this.#element(entry)}${isRequired ? "" : "?"}`);
  }

  #element([head, rest]: TextEntry): string {
    return this.#rules.add(`${literal(head)} ${rest}`);
  }

  #entry(name: string, schema: Schema): TextEntry {
    const { before, between, after } = this.#form;
    return [before + name + between, `${this.#value(schema, at("properties", name))} ${literal(after)}`];
  }

  #anyElement(schema: Schema): string {
    const { before, between, after } = this.#form;
    const name = `${literal(before)} ${NAME_CHARS}{1,64} ${literal(between)}`;
    return this.#rules.add(`${name} ${this.#value(schema, "additionalProperties")} ${literal(after)}`);
  }

  /** JSON, but for texts, which are written as they are. */
  #value(schema: Schema, path: string): string {
    const types = valueTypes(this.#refs, schema, path);
    if (types?.includes("string") === false) return this.#converter.rule(schema, path);
    const flat = this.#refs.flat(schema, path);
    const alphabet = bareAlphabet(this.#form.closingTag);
    if (typeof flat === "boolean" || types === undefined) return alphabet.text(this.#rules, 0);
    const values = valuesOf(flat, path);
    if (values !== undefined) return this.#rules.add(textTree(this.#rules, values.map(bareText)));
    if (types.length > 1) return alphabet.text(this.#rules, 0);
    const relax = this.#relax;
    const { maxLength: _, ...uncounted } = flat;
    const isLong = (numberOf(flat, "maxLength", path) ?? 0) > MOST_COUNTED_CHARS;
    if (isLong) relax(at(path, "maxLength"), `${MOST_COUNTED_CHARS} is the most here`);
    return this.#rules.add(textRule(this.#rules, alphabet, { schema: isLong ? uncounted : flat, path, relax }));
  }
}

function bareText(value: unknown): TextEntry {
  return [typeof value === "string" ? value : JSON.stringify(value), ""];
}
