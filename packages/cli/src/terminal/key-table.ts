import { printable } from "@drover/foundation/printable";
import type { KeyUse } from "@drover/supervisor/admin";
import { plainTable } from "./plain-table.ts";

/** What each key uses, of how much where it has a limit. */
export function keyTable(keys: readonly KeyUse[]): string {
  if (keys.length === 0) return "no API key is set: whoever reaches the port is served";
  const rows = keys.map(({ label, concurrency, requestsPerMinute, tokensPerMinute, tokensPerDay }) => [
    printable(label),
    ...[concurrency, requestsPerMinute, tokensPerMinute, tokensPerDay].map(share),
  ]);
  return plainTable(["key", "running", "requests/min", "tokens/min", "tokens/day"], rows);
}

function share({ used, limit }: { readonly used: number; readonly limit: number }): string {
  return limit === 0 ? String(used) : `${used} of ${limit}`;
}
