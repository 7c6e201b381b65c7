import { jsonOf } from "@drover/foundation/json-text";

/** Arguments of a tool's call as a value. Those that a length limit cut off are no JSON. */
export function argumentsOf(text: string): unknown {
  return jsonOf(text) ?? {};
}
