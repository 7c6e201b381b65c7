import { ArgumentsText, BROKEN, CallObject, type CallStep, MORE } from "./call-object.ts";

const MOST_NAME_CHARS = 400;

/** What follows `[TOOL_CALLS]`: a list of objects, or `NAME[ARGS]{…}` (and `NAME{…}`) of the newer models. */
export class MistralCall {
  #object: CallObject | undefined;
  readonly #arguments = new ArgumentsText();
  #name: string | undefined;
  #text = "";

  push(char: string): CallStep {
    if (this.#object !== undefined) return this.#object.push(char);
    if (this.#name !== undefined) return this.#arguments.push(char);
    this.#text += char;
    if (this.#text.trim() === "[") {
      this.#object = new CallObject();
      return MORE;
    }
    const [, name] = /^\s*([^\s[{]+)(?:\[CALL_ID\][^[]*)?(?:\[ARGS\]|(?=\{))/u.exec(this.#text) ?? [];
    if (name === undefined) return this.#text.length > MOST_NAME_CHARS ? BROKEN : MORE;
    this.#name = name;
    this.#text = "";
    if (char !== "{") return { kind: "named", name, args: "" };
    this.#arguments.push(char);
    return { kind: "named", name, args: char };
  }
}
