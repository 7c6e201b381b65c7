import { pickConsistentHash } from "./consistent-hash.ts";
import { pickHash } from "./hash.ts";
import { pickIpHash } from "./ip-hash.ts";
import { pickLeastConn } from "./least-conn.ts";
import type { Policy } from "./policy.ts";
import { pickPrefix } from "./prefix.ts";
import { pickRandom, pickRandomTwo } from "./random-two.ts";
import { pickRoundRobin } from "./round-robin.ts";

/** Every policy by its name. To add one: one file, one line here. */
export const policies = {
  least_conn: pickLeastConn,
  round_robin: pickRoundRobin,
  random: pickRandom,
  random_two: pickRandomTwo,
  ip_hash: pickIpHash,
  hash: pickHash,
  consistent_hash: pickConsistentHash,
  prefix: pickPrefix,
} as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof policies;
