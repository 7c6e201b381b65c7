import { messageOf } from "@drover/foundation/error-text";
import { turnToParse } from "@drover/contract/json-cost";
import { refuseCostlyJson } from "./json-budget.ts";
import type { FastifyRequest } from "fastify";
import { badField, RequestError } from "../../errors.ts";

/** Leaves out a byte order mark, which some of Windows' tools write. */
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Fastify's body parser for every content type.
 *
 * @throws RequestError 400 `invalid_json`; 415 for a compressed body.
 */
export async function parseJson(request: FastifyRequest, bytes: Buffer): Promise<unknown> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") throw compressed(encoding);
  if (bytes.length === 0) return undefined;
  await refuseCostlyJson(bytes);
  await turnToParse(bytes.length);
  const text = decode(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = messageOf(error);
    throw badField(null, `We could not parse the JSON body of your request: ${reason}`, "invalid_json");
  }
}

/** A body in another encoding, such as GBK, is refused: read as UTF-8, its text would be another one. */
function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badField(null, "The body is not UTF-8, as JSON must be. Is it in another encoding?", "invalid_json");
  }
}

function compressed(encoding: string): RequestError {
  return new RequestError(`Bodies with the content encoding '${encoding}' are not read. Send the JSON as it is.`, {
    status: 415,
    reason: "unsupported_content_encoding",
    param: null,
  });
}
