import { Readable } from "node:stream";
import { turnToParse } from "@drover/contract/json/json-cost";
import type { FastifyReply } from "fastify";

/** Elements that are made when they are written. */
export function longList<Element>(make: () => Iterable<Element>): Iterable<Element> {
  return new LongList(make);
}

class LongList<Element> implements Iterable<Element> {
  readonly #make: () => Iterable<Element>;

  constructor(make: () => Iterable<Element>) {
    this.#make = make;
  }

  [Symbol.iterator](): Iterator<Element> {
    return this.#make()[Symbol.iterator]();
  }

  /** For JSON.stringify. */
  toJSON(): readonly Element[] {
    return [...this];
  }
}

/** A text that is JSON already. */
export class WrittenJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Characters that become bytes at a stretch. */
const PIECE_CHARS = 16 * 1024;
/** To make an element and to write it takes as long as to parse so many characters for each that it has. */
const CHARS_PER_CHAR = 16;

/**
 * Sends a plain value as JSON. To write many log-probabilities, or long texts, at once takes up to half a second, so it is done in slices, with other
 * requests and heartbeats in between.
 */
export async function sendJson(reply: FastifyReply, value: unknown): Promise<FastifyReply> {
  const pieces: Buffer[] = [];
  let text = "";
  for (const more of textsOf(value)) {
    text += more;
    if (text.length < PIECE_CHARS) continue;
    const turn = turnToParse(text.length * CHARS_PER_CHAR);
    pieces.push(Buffer.from(text));
    text = "";
    if (turn !== undefined) await turn;
  }
  reply.type("application/json; charset=utf-8");
  if (pieces.length === 0) return reply.send(text);
  pieces.push(Buffer.from(text));
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return reply.header("content-length", bytes).send(Readable.from(pieces, { objectMode: false }));
}

/** The JSON of a value, bit by bit. */
function textsOf(value: unknown): Iterable<string> {
  if (typeof value === "string") return value.length <= PIECE_CHARS ? [JSON.stringify(value)] : longTexts(value);
  if (value instanceof WrittenJson) return [value.text];
  if (typeof value !== "object" || value === null) return [JSON.stringify(value) ?? "null"];
  if (value instanceof LongList) return elementTexts(value, (item) => [JSON.stringify(item)]);
  if (!Array.isArray(value)) return memberTexts(value);
  const isManyNumbers = value.length > MANY_NUMBERS && value.every((item) => typeof item === "number");
  return isManyNumbers ? numberTexts(value) : elementTexts(value, textsOf);
}

/** Halves of a character that are cut apart are written as escapes, which mean the same. */
function* longTexts(value: string): Generator<string> {
  yield '"';
  for (let from = 0; from < value.length; from += PIECE_CHARS)
    yield JSON.stringify(value.slice(from, from + PIECE_CHARS)).slice(1, -1);
  yield '"';
}

/** Written together: one by one they take ten times as long. */
const MANY_NUMBERS = 1024;

function* numberTexts(numbers: readonly number[]): Generator<string> {
  yield "[";
  for (let from = 0; from < numbers.length; from += MANY_NUMBERS) {
    if (from > 0) yield ",";
    yield JSON.stringify(numbers.slice(from, from + MANY_NUMBERS)).slice(1, -1);
  }
  yield "]";
}

function* elementTexts<T>(items: Iterable<T>, write: (item: T) => Iterable<string>): Generator<string> {
  let before = "[";
  for (const item of items) {
    yield before;
    yield* write(item);
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function* memberTexts(value: object): Generator<string> {
  let before = "{";
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* textsOf(member);
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}
