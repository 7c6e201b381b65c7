import { jsonOf } from "@drover/foundation/json-text";

/** A response that is complete, as its body says it. */
export interface FinishedResponse {
  readonly id: string;
  readonly previousId: string | undefined;
  readonly output: readonly unknown[];
  /** Its JSON. */
  readonly text: string;
}

/** The last event of a stream; no JSON has a line end in it, so this stands nowhere else. */
const LAST_EVENT = /event: response\.(?:completed|incomplete)\ndata: (.*)\n\n$/;

/** Finds the complete response in the body of a `POST /v1/responses` while that passes: the JSON itself, or the data of a stream's last event. */
export class FinishedResponseFinder {
  readonly #onFound: (response: FinishedResponse) => void;
  readonly #mostBytes: number;
  /** The JSON so far, or the event that is not complete yet. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isEventStream: boolean | undefined;
  readonly #json = new OpenJson();
  #isOver = false;

  /** Told at most once, before the client can have the response's last byte. */
  constructor(mostBytes: number, onFound: (response: FinishedResponse) => void) {
    this.#mostBytes = mostBytes;
    this.#onFound = onFound;
  }

  /** The next bytes of the body. */
  push(part: Buffer): void {
    if (this.#isOver || part.length === 0) return;
    this.#isEventStream ??= part[0] !== 0x7b;
    this.#held.push(Buffer.from(part));
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#mostBytes) this.#end();
    else if (this.#isEventStream) this.#lookAtEvents(part);
    else if (this.#json.isClosedBy(part)) {
      const text = this.#text();
      this.#found(jsonOf(text), text);
    }
  }

  #lookAtEvents(part: Buffer): void {
    if (!part.subarray(-2).equals(EVENT_END)) return;
    const [, data] = LAST_EVENT.exec(this.#text()) ?? [];
    if (data === undefined) this.#forget();
    else this.#found(fieldOf(jsonOf(data), "response"));
  }

  /** @param json of the value, where it is there already */
  #found(value: unknown, json?: string): void {
    const [id, output] = [fieldOf(value, "id"), fieldOf(value, "output")];
    // The JSON is not complete yet, or it is an error.
    if (typeof id !== "string" || !Array.isArray(output)) return;
    this.#end();
    if (fieldOf(value, "store") !== true) return;
    const previousId = fieldOf(value, "previous_response_id");
    const text = json ?? JSON.stringify(value);
    this.#onFound({ id, output, text, previousId: typeof previousId === "string" ? previousId : undefined });
  }

  #text(): string {
    return Buffer.concat(this.#held).toString();
  }

  #end(): void {
    this.#isOver = true;
    this.#forget();
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}

/** A JSON object of which a part after the other comes. To parse it at each closing bracket would take a time that grows with the square of its length. */
class OpenJson {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  /** Whether the last byte of this part closes the object. */
  isClosedBy(part: Buffer): boolean {
    for (const byte of part) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#isInText && byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#isInText = !this.#isInText;
      else if (this.#isInText) continue;
      else if (byte === OBJECT) this.#depth += 1;
      else if (byte === OBJECT_END) this.#depth -= 1;
    }
    return this.#depth === 0 && !this.#isInText;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

const EVENT_END = Buffer.from("\n\n");

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
