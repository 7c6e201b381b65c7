import { printable } from "@drover/foundation/printable";
import type { KeyUse } from "@drover/supervisor/admin";
import Table from "cli-table3";
import { PLAIN } from "./status-table.ts";

/** What each key uses, of how much where it has a limit. */
export function keyTable(keys: readonly KeyUse[]): string {
  if (keys.length === 0) return "no API key is set: whoever reaches the port is served";
  const table = new Table({
    head: ["key", "running", "requests/min", "tokens/min", "tokens/day"],
    chars: { ...PLAIN, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const { label, concurrency, requestsPerMinute, tokensPerMinute, tokensPerDay } of keys)
    table.push([printable(label), ...[concurrency, requestsPerMinute, tokensPerMinute, tokensPerDay].map(share)]);
  return table.toString();
}

function share({ used, limit }: { readonly used: number; readonly limit: number }): string {
  return limit === 0 ? String(used) : `${used} of ${limit}`;
}
