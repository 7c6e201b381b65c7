import { oneOf, whole } from "../quantities.ts";
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
    doc: "What becomes of request parameters that are not known, and of hints that can't be followed: left out and named in the header `x-drover-ignored`, or answered with 400.",
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
] as const satisfies readonly Setting[];
