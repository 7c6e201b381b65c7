import { ArgumentsText, BROKEN, type CallStep, MORE } from "./call-object.ts";

const BEGIN = "<｜tool▁call▁begin｜>";
const SEPARATOR = "<｜tool▁sep｜>";
const FENCE = "```json\n";

/**
 * Reads a call as DeepSeek's models write it: `function<｜tool▁sep｜>NAME`, a line end, and the arguments in a fence
 * (V3 and R1), or `NAME<｜tool▁sep｜>ARGUMENTS` (V3.1).
 */
export class DeepSeekCall {
  #state: "head" | "name" | "fence" | "arguments" = "head";
  #text = "";
  readonly #arguments = new ArgumentsText();

  push(char: string): CallStep {
    if (this.#state === "arguments") return this.#arguments.push(char);
    this.#text += char;
    if (this.#state === "head") return this.#head();
    if (this.#state === "name") return this.#name();
    return this.#fence();
  }

  #head(): CallStep {
    if (!this.#text.endsWith(SEPARATOR)) return MORE;
    // Between the two marks that begin the first call nothing but the second mark stands.
    const head = this.#text.slice(0, -SEPARATOR.length).replace(BEGIN, "").trim();
    this.#text = "";
    if (head === "function") {
      this.#state = "name";
      return MORE;
    }
    this.#state = "arguments";
    return head === "" ? BROKEN : { kind: "named", name: head, args: "" };
  }

  #name(): CallStep {
    if (!this.#text.endsWith("\n")) return MORE;
    const name = this.#text.trim();
    this.#text = "";
    this.#state = "fence";
    return name === "" ? BROKEN : { kind: "named", name, args: "" };
  }

  #fence(): CallStep {
    if (this.#text === FENCE) this.#state = "arguments";
    else if (!FENCE.startsWith(this.#text)) return BROKEN;
    return MORE;
  }
}
