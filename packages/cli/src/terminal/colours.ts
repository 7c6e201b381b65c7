import type { Environment } from "@drover/config";

/** Colours are for terminals, and not where the user wants none. Source: no-color.org */
export function wantsColours(stream: { readonly isTTY?: boolean }, environment: Environment): boolean {
  return stream.isTTY === true && (environment["NO_COLOR"] ?? "") === "";
}
