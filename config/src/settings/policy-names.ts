// Generated from the files in packages/balancer/src/policies by `pnpm docs:generate`.

/** What `balancer.policy` may be. */
export const policyNames = [
  "consistent_hash",
  "hash",
  "ip_hash",
  "least_conn",
  "prefix",
  "random",
  "random_two",
  "round_robin",
] as const;
