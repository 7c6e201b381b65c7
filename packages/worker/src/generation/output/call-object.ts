import { jsonOf } from "@drover/foundation/json-text";
import { JsonValueScanner } from "./json-value-scanner.ts";

/** What one more character of a call means. */
export type CallStep =
  /** Nothing yet. */
  | { readonly kind: "more" }
  /** The name is known, and perhaps arguments that came before it. */
  | { readonly kind: "named"; readonly name: string; readonly args: string }
  | { readonly kind: "arguments"; readonly text: string }
  /** The object is closed. `args`: what was still to be said of the arguments. */
  | { readonly kind: "done"; readonly args: string }
  /** It is no call. */
  | { readonly kind: "broken" };

export const MORE: CallStep = { kind: "more" };
export const BROKEN: CallStep = { kind: "broken" };
const ARGUMENT_KEYS = new Set(["arguments", "parameters"]);

/** Reads `{"name": "…", "arguments": {…}}` while it is written; `parameters` and any order are fine too. */
export class CallObject {
  #state: "start" | "key" | "colon" | "value" | "comma" = "start";
  #value = new JsonValueScanner();
  #raw = "";
  #key = "";
  #name: string | undefined;
  /** Arguments that could not be told yet: the name is not known, or they are a string that holds JSON. */
  #kept = "";
  #toldArguments = false;

  push(char: string): CallStep {
    switch (this.#state) {
      case "start":
        if (char === "{") this.#state = "key";
        else if (!isSpace(char)) return BROKEN;
        return MORE;
      case "key":
        return this.#pushKey(char);
      case "colon":
        if (char === ":") this.#begin("value");
        else if (!isSpace(char)) return BROKEN;
        return MORE;
      case "value":
        return this.#pushValue(char);
      case "comma":
        return this.#pushAfter(char);
      default:
        return BROKEN;
    }
  }

  #begin(state: "key" | "value"): void {
    this.#state = state;
    this.#value = new JsonValueScanner();
    this.#raw = "";
  }

  #pushKey(char: string): CallStep {
    if (this.#raw === "" && isSpace(char)) return MORE;
    if (this.#raw === "" && char === "}") return this.#close();
    if (this.#raw === "" && char !== '"') return BROKEN;
    this.#value.accepts(char);
    this.#raw += char;
    if (!this.#value.isComplete) return MORE;
    const key = jsonOf(this.#raw);
    if (typeof key !== "string") return BROKEN;
    this.#key = key;
    this.#state = "colon";
    return MORE;
  }

  #pushValue(char: string): CallStep {
    if (this.#raw === "" && isSpace(char)) return MORE;
    if (!this.#value.accepts(char)) {
      // A number or a word ended just before this character.
      this.#state = "comma";
      return this.#pushAfter(char);
    }
    this.#raw += char;
    const isArguments = ARGUMENT_KEYS.has(this.#key);
    const isText = this.#raw.startsWith('"');
    if (this.#value.isComplete) this.#state = "comma";
    if (this.#key === "name" && this.#value.isComplete) return this.#named();
    if (!isArguments) return MORE;
    if (isText) {
      if (!this.#value.isComplete) return MORE;
      const inner = jsonOf(this.#raw);
      return this.#argumentsText(typeof inner === "string" ? inner : this.#raw);
    }
    return this.#argumentsText(char);
  }

  #pushAfter(char: string): CallStep {
    if (char === ",") this.#begin("key");
    else if (char === "}") return this.#close();
    else if (!isSpace(char)) return BROKEN;
    return MORE;
  }

  #named(): CallStep {
    const name = jsonOf(this.#raw);
    if (typeof name !== "string" || name === "" || this.#name !== undefined) return BROKEN;
    this.#name = name;
    const args = this.#kept;
    this.#kept = "";
    return { kind: "named", name, args };
  }

  #argumentsText(text: string): CallStep {
    this.#toldArguments = true;
    if (this.#name !== undefined) return { kind: "arguments", text };
    this.#kept += text;
    return MORE;
  }

  #close(): CallStep {
    if (this.#name === undefined) return BROKEN;
    return { kind: "done", args: this.#toldArguments ? "" : "{}" };
  }
}

function isSpace(char: string): boolean {
  return char === " " || char === "\n" || char === "\r" || char === "\t";
}

/** Reads arguments that stand by themselves behind the name of a call, without the blanks before them. */
export class ArgumentsText {
  readonly #value = new JsonValueScanner();
  #isBegun = false;

  push(char: string): CallStep {
    if (!this.#isBegun && isSpace(char)) return MORE;
    this.#isBegun = true;
    if (!this.#value.accepts(char)) return BROKEN;
    return this.#value.isComplete ? { kind: "done", args: char } : { kind: "arguments", text: char };
  }
}
