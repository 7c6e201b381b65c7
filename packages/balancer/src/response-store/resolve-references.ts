import { costOfJson } from "@drover/contract/json/json-cost";
import { parseJsonInSlices, writeJsonInSlices } from "@drover/contract/json/sliced-json";
import { jsonOf } from "@drover/foundation/json-text";
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
  if (input === undefined || (!isReference && !hasReference(input))) return undefined;
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
  let leftBytes = mostBytes;
  for (const item of itemsOf(input)) {
    const itemId = referenceOf(item);
    const text = itemId === undefined ? await writeJsonInSlices(item) : storedItem(itemId, library);
    if (text === undefined) return unknownItem(itemId ?? "");
    const bytes = Buffer.from(text);
    texts.push(bytes);
    leftBytes -= bytes.length + 1;
    if (leftBytes < 0) return tooLong(library.mostBytes);
  }
  return leftBytes < 0 ? tooLong(library.mostBytes) : texts;
}

function storedItem(itemId: string, { store, owner }: Library): string | undefined {
  const holder = store.holderOf(owner, itemId);
  const items = holder && jsonOf(`[${holder.output.toString()}]`);
  const item = Array.isArray(items) ? items.find((one: { id?: unknown }) => one.id === itemId) : undefined;
  return item === undefined ? undefined : JSON.stringify(item);
}

/** A text is a message of the user's. */
function itemsOf(input: unknown): readonly unknown[] {
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  return Array.isArray(input) ? input : [];
}

/** The item that a reference is to; its `type` may be left out, and then it has nothing but its id. */
function referenceOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const { id, type, ...others } = item as Readonly<Record<string, unknown>>;
  const isReference = type === "item_reference" || ((type ?? null) === null && Object.keys(others).length === 0);
  return isReference && typeof id === "string" ? id : undefined;
}

function hasReference(input: unknown): boolean {
  return itemsOf(input).some((item) => referenceOf(item) !== undefined);
}

function join(texts: readonly Buffer[]): Buffer {
  return Buffer.concat(texts.flatMap((text, index) => (index === 0 ? [text] : [COMMA, text])));
}

const COMMA = Buffer.from(",");

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
