import { plural } from "@drover/foundation/texts";

/** Closed loop with so many users, or open loop with so many requests a second. */
export type Load = { readonly users: number } | { readonly perSecond: number };

/** As people read it. */
export function loadName(load: Load): string {
  if ("perSecond" in load) return `${load.perSecond}/s`;
  return plural(load.users, "user");
}

/** Users, or requests a second: a run has loads of one sort. */
export function amountOf(load: Load): number {
  return "users" in load ? load.users : load.perSecond;
}
