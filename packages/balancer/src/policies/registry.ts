// Generated from the files in packages/balancer/src/policies by `pnpm docs:generate`.
import { policy as consistent_hash } from "./consistent-hash.ts";
import { policy as hash } from "./hash.ts";
import { policy as ip_hash } from "./ip-hash.ts";
import { policy as least_conn } from "./least-conn.ts";
import { policy as prefix } from "./prefix.ts";
import { policy as random } from "./random.ts";
import { policy as random_two } from "./random-two.ts";
import { policy as round_robin } from "./round-robin.ts";
import type { PolicyDefinition } from "./policy.ts";

/** Every policy by its name. */
export const policies = {
  consistent_hash,
  hash,
  ip_hash,
  least_conn,
  prefix,
  random,
  random_two,
  round_robin,
} as const satisfies Record<string, PolicyDefinition>;

export type PolicyName = keyof typeof policies;
