import type { Clock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import { type CheckRule, startActiveChecks } from "./pool/active-checks.ts";
import type { UpstreamPool } from "./pool/upstream-pool.ts";
import { createUpstream, isSameServer, type UpstreamSpec } from "./pool/upstream.ts";

/** The servers that the settings name, beside the workers: a reload replaces them, and active checks probe them. */
export class ConfiguredUpstreams {
  readonly #pool: UpstreamPool;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #stopChecks: () => void = () => undefined;

  constructor(pool: UpstreamPool, clock: Clock, logger: Logger) {
    this.#pool = pool;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Removes servers that have changed or are not named any more, and adds those that are new or have changed. */
  replace(specs: readonly UpstreamSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.id, createUpstream(spec)]));
    for (const upstream of this.#pool.upstreams.filter(({ owned }) => !owned)) {
      const other = wanted.get(upstream.id);
      if (other === undefined || !isSameServer(upstream, other)) this.#pool.remove(upstream.id);
      else this.#pool.setDown(upstream.id, { isMarkedDown: other.isMarkedDown });
    }
    for (const spec of specs) if (this.#pool.get(spec.id) === undefined) this.#pool.add(spec);
  }

  /** Probes them by this rule from now on; undefined: not at all. */
  check(rule: CheckRule | undefined): void {
    this.stopChecks();
    if (rule === undefined) {
      for (const { id } of this.#pool.upstreams) this.#pool.setDown(id, { failsChecks: false });
      return;
    }
    this.#stopChecks = startActiveChecks(this.#pool, rule, this.#clock, ({ id }, up, reason) => {
      if (up) this.#logger.info({ upstream: id }, "an upstream is well again");
      else this.#logger.warn({ upstream: id, reason }, "an upstream fails its checks and is left out");
    });
  }

  stopChecks(): void {
    this.#stopChecks();
  }
}
