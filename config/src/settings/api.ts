import { oneOf, size, whole } from "../setting-values.ts";
import type { Setting } from "../setting.ts";

/** What a request may be and ask for. */
export const apiSettings = [
  {
    path: "api.unknown",
    schema: oneOf("ignore", "refuse"),
    default: "ignore",
    flag: "unknown-parameters",
    worker: "unknownParameters",
    reload: "roll",
    doc: "What happens to request parameters that are not known, and to hints that can't be followed: they are left out and named in the header `x-drover-ignored`, or the request gets a 400.",
  },
  {
    path: "api.requestTokens",
    schema: whole(1, 1_000_000_000),
    default: 1_000_000,
    unit: "tokens",
    flag: "request-tokens",
    worker: "requestTokens",
    reload: "roll",
    doc: "Most tokens that one request may ask for, over all of its choices, or have in its inputs for embeddings.",
  },
  {
    path: "api.storedResponses",
    schema: whole(0),
    default: 1000,
    unit: "responses",
    flag: "stored-responses",
    reload: "live",
    doc: "Responses of `/v1/responses` that Drover keeps in memory, so that `previous_response_id` and `item_reference` find them on every worker; each API key sees its own alone. 0 keeps none.",
  },
  {
    path: "api.storedResponsesSize",
    schema: size(),
    default: "64MiB",
    flag: "stored-responses-size",
    reload: "live",
    doc: "Bytes of all kept responses and their requests; one may have an eighth of it.",
  },
] as const satisfies readonly Setting[];
