import { jsonOrText } from "@drover/foundation/json-text";
import { isOfType, type SchemaType } from "../../json-schema/schema.ts";
import { BROKEN, CallObject, type CallStep, MORE } from "./call-object.ts";

/** Longest name of a tool, with what may stand before it. */
const MOST_NAME_CHARS = 400;

/** A way to write a call with an element for each argument. */
interface TaggedForm {
  readonly name: RegExp;
  readonly end: string;
  readonly argument: RegExp;
  /** Where the value of an argument begins and ends; the end of a call inside of one is text. */
  readonly value: readonly [open: string, close: string];
}

/** Qwen3-Coder and its successors. */
const FUNCTION: TaggedForm = {
  name: /^\s*(?:<function=)?([^\s<>"=]+)>/u,
  end: "</function>",
  argument: /<parameter=([^>]+)>\n?([\s\S]*?)\n?<\/parameter>/gu,
  value: ["<parameter=", "</parameter>"],
};

/** GLM-4.5 and its successors. */
const ARG_KEY: TaggedForm = {
  name: /^\s*([^\s<>"{}]+)\s*(?=\n|<)/u,
  end: "</tool_call>",
  argument: /<arg_key>([\s\S]*?)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/gu,
  value: ["<arg_value>", "</arg_value>"],
};

/** MiniMax-M2. */
const INVOKE: TaggedForm = {
  name: /^\s*(?:<invoke\s+)?name="([^"]+)">/u,
  end: "</invoke>",
  argument: /<parameter name="([^"]+)">([\s\S]*?)<\/parameter>/gu,
  value: ["<parameter name=", "</parameter>"],
};

/** The types that an argument may have by the tool's schema; undefined: it does not say. */
export type ArgumentTypes = (tool: string, argument: string) => readonly SchemaType[] | undefined;

/** Reads a call whose arguments are elements. They are told all at once, as their values are JSON only then. */
export class TaggedCall {
  readonly #form: TaggedForm;
  readonly #typesOf: ArgumentTypes;
  #name: string | undefined;
  #text = "";

  constructor(form: "function" | "arg-key" | "invoke", typesOf: ArgumentTypes) {
    this.#form = { function: FUNCTION, "arg-key": ARG_KEY, invoke: INVOKE }[form];
    this.#typesOf = typesOf;
  }

  push(char: string): CallStep {
    this.#text += char;
    if (this.#name === undefined) return this.#readName();
    const { end, value } = this.#form;
    if (!this.#text.endsWith(end) || this.#text.lastIndexOf(value[0]) > this.#text.lastIndexOf(value[1])) return MORE;
    return { kind: "done", args: JSON.stringify(this.#arguments(this.#name)) };
  }

  #readName(): CallStep {
    const [, name] = this.#form.name.exec(this.#text) ?? [];
    if (name !== undefined) {
      this.#name = name;
      return { kind: "named", name, args: "" };
    }
    return this.#text.length > MOST_NAME_CHARS ? BROKEN : MORE;
  }

  #arguments(tool: string): Readonly<Record<string, unknown>> {
    const pairs = Array.from(this.#text.matchAll(this.#form.argument), ([, key = "", value = ""]) => [
      key.trim(),
      valueOf(value, this.#typesOf(tool, key.trim())),
    ]);
    return Object.fromEntries(pairs) as Readonly<Record<string, unknown>>;
  }
}

/** JSON of a type that it may have, else the text. */
function valueOf(text: string, types: readonly SchemaType[] | undefined): unknown {
  if (types?.length === 1 && types[0] === "string") return text;
  const value = jsonOrText(text);
  return types?.includes("string") === true && !types.some((type) => isOfType(value, type)) ? text : value;
}

/** What follows `<tool_call>`: an object (Hermes, Qwen), a function with parameters (Qwen3-Coder) or a name with keys (GLM). */
export class ToolCallElement {
  readonly #takesNames: boolean;
  readonly #typesOf: ArgumentTypes;
  #reader: { push(char: string): CallStep } | undefined;
  #begun = "";

  /** `takesNames`: a name may follow at once; for other models that is no call. */
  constructor(takesNames: boolean, typesOf: ArgumentTypes) {
    this.#takesNames = takesNames;
    this.#typesOf = typesOf;
  }

  push(char: string): CallStep {
    if (this.#reader !== undefined) return this.#reader.push(char);
    this.#begun += char;
    if (/\s/u.test(char)) return MORE;
    this.#reader = this.#choose(char);
    let step = MORE;
    for (const early of this.#begun) step = this.#reader.push(early);
    return step;
  }

  #choose(char: string) {
    if (char === "{" || (char !== "<" && !this.#takesNames)) return new CallObject();
    return new TaggedCall(char === "<" ? "function" : "arg-key", this.#typesOf);
  }
}
