import { CallObject, type CallStep } from "./call-object.ts";
import { JsonValueScanner } from "./json-value-scanner.ts";

const MORE: CallStep = { kind: "more" };
const MOST_NAME_CHARS = 400;

/** What follows `[TOOL_CALLS]`: a list of objects, or `NAME[ARGS]{…}` (and `NAME{…}`) of the newer models. */
export class MistralCall {
  #object: CallObject | undefined;
  readonly #arguments = new JsonValueScanner();
  #name: string | undefined;
  #text = "";

  push(char: string): CallStep {
    if (this.#object !== undefined) return this.#object.push(char);
    if (this.#name !== undefined) return this.#argument(char);
    this.#text += char;
    if (this.#text.trim() === "[") {
      this.#object = new CallObject();
      return MORE;
    }
    const [, name] = /^\s*([^\s[{]+)(?:\[CALL_ID\][^[]*)?(?:\[ARGS\]|(?=\{))/u.exec(this.#text) ?? [];
    if (name === undefined) return this.#text.length > MOST_NAME_CHARS ? { kind: "broken" } : MORE;
    this.#name = name;
    this.#text = "";
    const first = char === "{" && this.#arguments.accepts(char) ? char : "";
    return { kind: "named", name, args: first };
  }

  #argument(char: string): CallStep {
    if (/\s/u.test(char) && !this.#isBegun) return MORE;
    this.#isBegun = true;
    if (!this.#arguments.accepts(char)) return { kind: "broken" };
    return this.#arguments.isComplete ? { kind: "done", args: char } : { kind: "arguments", text: char };
  }

  #isBegun = false;
}
