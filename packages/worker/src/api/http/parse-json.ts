import { messageOf } from "@drover/foundation/error-text";
import { parseJsonInSlices } from "@drover/contract/json/sliced-json";
import { refuseCostlyJson } from "./json-budget.ts";
import type { FastifyRequest } from "fastify";
import { badField, refused, type RequestError } from "../../errors.ts";

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
  try {
    return await parseJsonInSlices(bytes);
  } catch (error) {
    if (error instanceof RangeError)
      throw badField(null, `The body is too large: ${error.message}.`, "too_many_values");
    // A body in another encoding, such as GBK, is refused: read as UTF-8, its text would be another one.
    const why =
      error instanceof SyntaxError
        ? `We could not parse the JSON body of your request: ${messageOf(error)}`
        : "The body is not UTF-8, as JSON must be. Is it in another encoding?";
    throw badField(null, why, "invalid_json");
  }
}

function compressed(encoding: string): RequestError {
  const message = `Bodies with the content encoding '${encoding}' are not read. Send the JSON as it is.`;
  return refused(415, "unsupported_content_encoding", message);
}
