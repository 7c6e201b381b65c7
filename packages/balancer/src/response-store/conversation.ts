import { RESPONSE_STORE_HEADER } from "@drover/contract/headers";
import { FinishedResponseFinder } from "./finished-response.ts";
import { ownInput, resolveReferences } from "./resolve-references.ts";
import type { ResponseStore } from "./response-store.ts";
import type { ProxyError } from "../error-envelope.ts";
import type { RequestBody } from "../upstream-http/upstream-request.ts";

/** A request as it is sent, without references to stored responses, and who listens to its response. */
export interface Conversation {
  readonly body: RequestBody;
  /** Bytes that the body has more than the client's. */
  readonly addedBytes: number;
  /** Fields for the worker. */
  readonly headers: readonly string[];
  /** Told the parts of the response's body. */
  readonly onBody?: (part: Buffer) => void;
}

/** Longer responses, which give back as much in tools or metadata, are not kept: to read and write one holds up everybody else. */
const MOST_RESPONSE_BYTES = 1024 * 1024;

const KEPT_PATH = "/v1/responses";

/** Of a request. */
interface Asker {
  readonly path: string;
  /** Whose responses it may refer to. */
  readonly owner: string;
}

/** What `previous_response_id` and `item_reference` stand for is put into the body, and the response is kept when it is complete. */
export function conversationOf(
  asker: Asker,
  body: RequestBody,
  store: ResponseStore | undefined,
  mostBytes: number,
): Promise<Conversation | ProxyError> | Conversation {
  const isOfStore = asker.path === KEPT_PATH || asker.path === `${KEPT_PATH}/input_tokens`;
  if (store === undefined || body.kind !== "bytes" || !isOfStore) return { body, addedBytes: 0, headers: [] };
  return withStore(asker, body, store, mostBytes);
}

async function withStore(
  { path, owner }: Asker,
  body: Extract<RequestBody, { kind: "bytes" }>,
  store: ResponseStore,
  mostBytes: number,
): Promise<Conversation | ProxyError> {
  const { bytes } = body;
  const resolved = await resolveReferences(bytes, { store, owner, mostBytes });
  if (resolved !== undefined && "status" in resolved) return resolved;
  const continued = resolved?.previousId === undefined ? "" : ` ${resolved.previousId}`;
  const input = resolved?.input ?? (await inputToKeep(bytes));
  const finder = new FinishedResponseFinder(
    Math.min(store.mostBytesOfOne, MOST_RESPONSE_BYTES),
    ({ output, text, ...response }) =>
      store.put(owner, {
        ...response,
        input,
        output: Buffer.from(output.map((item) => JSON.stringify(item)).join(",")),
        outputIds: output.map((item) => String((item as { readonly id?: unknown }).id)),
        response: Buffer.from(text),
      }),
  );
  return {
    body: resolved === undefined ? body : { kind: "bytes", bytes: resolved.body },
    addedBytes: (resolved?.body.length ?? 0) + input.length,
    headers: [RESPONSE_STORE_HEADER, `1${continued}`],
    ...(path === KEPT_PATH ? { onBody: (part) => finder.push(part) } : {}),
  };
}

/** Nothing of a request that says that its response is not to be kept, as Codex does. In a text the quotes would be escaped. */
async function inputToKeep(body: Buffer): Promise<Buffer> {
  return NOT_KEPT.some((member) => body.includes(member)) ? nothing : await ownInput(body);
}

const NOT_KEPT = ['"store":false', '"store": false'];
const nothing = Buffer.alloc(0);
