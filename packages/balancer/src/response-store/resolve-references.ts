import { costOfJson, turnToParse } from "@drover/contract/json/json-cost";
import { parseJsonInSlices, writeJsonInSlices } from "@drover/contract/json/sliced-json";
import type { ProxyError } from "../error-envelope.ts";
import type { ResponseStore, StoredResponse } from "./response-store.ts";

/** A body of `/v1/responses`, without references to what is stored. */
export interface ResolvedRequest {
  /** For the worker. */
  readonly body: Buffer;
  /** The response that it continues. */
  readonly previousId: string | undefined;
  /** The items that it adds to those of the previous response, as in {@link StoredResponse}. */
  readonly input: Buffer;
}

/** Whose responses may be referred to, and how long the body may become. */
export interface Library {
  readonly store: ResponseStore;
  readonly owner: string;
  readonly mostBytes: number;
}

/**
 * Writes what `previous_response_id` and `item_reference` stand for into the body. Only bodies that have such a field are parsed.
 * @returns undefined where it refers to nothing, or is no body that a worker would take: then it goes as it is
 */
export async function resolveReferences(
  body: Buffer,
  library: Library,
): Promise<ResolvedRequest | ProxyError | undefined> {
  if (!WORDS.some((word) => body.includes(word))) return undefined;
  if ((await costOfJson(body)) !== undefined) return undefined;
  const { input, previous_response_id: previousId, ...rest } = await objectOf(body);
  const isReference = typeof previousId === "string";
  if (input === undefined || (!isReference && !(await hasReference(input)))) return undefined;
  const history = isReference ? historyOf(previousId, library) : [];
  if (history === undefined) return unknownResponse(String(previousId));
  const before = history.filter((text) => text.length > 0);
  const leftBytes = before.reduce((left, text) => left - text.length - 1, library.mostBytes);
  const own = await inputTexts(input, library, leftBytes);
  if ("status" in own) return own;
  const items = join([...before, ...own]);
  const others = await writeJsonInSlices(
    isReference || previousId === undefined ? rest : { previous_response_id: previousId, ...rest },
  );
  const head = Buffer.from(others === "{}" ? '{"input":[' : `${others.slice(0, -1)},"input":[`);
  return {
    body: Buffer.concat([head, items, Buffer.from("]}")]),
    previousId: isReference ? previousId : undefined,
    input: join(own),
  };
}

/** The items that a request without references adds, as in {@link StoredResponse}. */
export async function ownInput(body: Buffer): Promise<Buffer> {
  if ((await costOfJson(body)) !== undefined) return Buffer.alloc(0);
  const { input } = await objectOf(body);
  const text = await writeJsonInSlices(itemsOf(input));
  return Buffer.from(text.slice(1, -1));
}

const WORDS = ["previous_response_id", "item_reference"] as const;

async function objectOf(body: Buffer): Promise<Readonly<Record<string, unknown>>> {
  const value = await parseJsonInSlices(body).catch(() => undefined);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** Everything up to this response, the oldest first; undefined where a part of it is not kept any more. */
function historyOf(id: string, { store, owner }: Library): readonly Buffer[] | undefined {
  const texts: Buffer[] = [];
  let next: string | undefined = id;
  while (next !== undefined) {
    const stored: StoredResponse | undefined = store.get(owner, next);
    if (stored === undefined) return undefined;
    texts.push(stored.output, stored.input);
    next = stored.previousId;
  }
  return texts.toReversed();
}

/** @param mostBytes of all of them, with a comma behind each: a hundred thousand references to one item are a short body */
async function inputTexts(
  input: unknown,
  library: Library,
  mostBytes: number,
): Promise<readonly Buffer[] | ProxyError> {
  const texts: Buffer[] = [];
  const stored = new Map<string, string | undefined>();
  let leftBytes = mostBytes;
  for (const item of itemsOf(input)) {
    const itemId = await referenceOf(item);
    if (itemId !== undefined && !stored.has(itemId)) stored.set(itemId, await storedItem(itemId, library));
    const text = itemId === undefined ? await writeJsonInSlices(item) : stored.get(itemId);
    if (text === undefined) return unknownItem(itemId ?? "");
    const bytes = Buffer.from(text);
    texts.push(bytes);
    leftBytes -= bytes.length + 1;
    if (leftBytes < 0) return tooLong(library.mostBytes);
  }
  return leftBytes < 0 ? tooLong(library.mostBytes) : texts;
}

async function storedItem(itemId: string, { store, owner }: Library): Promise<string | undefined> {
  const holder = store.holderOf(owner, itemId);
  const items = holder && (await parseJsonInSlices(Buffer.concat([LIST, holder.output, LIST_END])));
  const item = Array.isArray(items) ? items.find((one: { id?: unknown }) => one.id === itemId) : undefined;
  return item === undefined ? undefined : JSON.stringify(item);
}

/** A text is a message of the user's. */
function itemsOf(input: unknown): readonly unknown[] {
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  return Array.isArray(input) ? input : [];
}

/** The item that a reference is to; its `type` may be left out, and then it has nothing but its id. */
async function referenceOf(item: unknown): Promise<string | undefined> {
  const turn = turnToParse(ITEM_BYTES);
  if (turn !== undefined) await turn;
  if (typeof item !== "object" || item === null) return undefined;
  const { id, type } = item as Readonly<Record<string, unknown>>;
  if (typeof id !== "string") return undefined;
  if (type === "item_reference") return id;
  const isBare = (type ?? null) === null && Object.keys(item).every((name) => name === "id" || name === "type");
  return isBare ? id : undefined;
}

/** What it takes to look at an item, in bytes that are parsed; most have a few names. */
const ITEM_BYTES = 1024;

async function hasReference(input: unknown): Promise<boolean> {
  for (const item of itemsOf(input)) if ((await referenceOf(item)) !== undefined) return true;
  return false;
}

function join(texts: readonly Buffer[]): Buffer {
  return Buffer.concat(texts.flatMap((text, index) => (index === 0 ? [text] : [COMMA, text])));
}

const COMMA = Buffer.from(",");
const LIST = Buffer.from("[");
const LIST_END = Buffer.from("]");

// Status, message and code of OpenAI's API: clients look for them, and then send the items themselves.

function unknownResponse(id: string): ProxyError {
  const message = `Previous response with id '${id}' not found.`;
  return { status: 400, message, code: "previous_response_not_found", param: "previous_response_id", from: "worker" };
}

function unknownItem(id: string): ProxyError {
  const message = `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`;
  return { status: 404, message, code: "item_not_found", param: "input", from: "worker" };
}

function tooLong(mostBytes: number): ProxyError {
  const message = `The conversation of 'previous_response_id' has more than ${mostBytes} bytes. Send fewer items.`;
  return { status: 413, message, code: "body_too_large", param: "previous_response_id", from: "worker" };
}
