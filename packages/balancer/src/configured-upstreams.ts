import type { Clock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import { type CheckRule, startActiveChecks } from "./pool/active-checks.ts";
import { createUpstream, isSameServer, type UpstreamSpec } from "./pool/upstream.ts";
import type { UpstreamSet } from "./pool/upstream-set.ts";

/** The servers that the settings name, beside the workers: a reload replaces them, and active checks probe them. */
export class ConfiguredUpstreams {
  readonly #upstreams: UpstreamSet;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #stopChecks: () => void = () => undefined;

  constructor(upstreams: UpstreamSet, clock: Clock, logger: Logger) {
    this.#upstreams = upstreams;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Removes servers that have changed or are not named any more, and adds those that are new or have changed. */
  replace(specs: readonly UpstreamSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.id, createUpstream(spec)]));
    for (const upstream of this.#upstreams.all.filter(({ owned }) => !owned)) {
      const other = wanted.get(upstream.id);
      if (other === undefined || !isSameServer(upstream, other)) this.#upstreams.remove(upstream.id);
      else this.#upstreams.setDown(upstream.id, { isMarkedDown: other.isMarkedDown });
    }
    for (const spec of specs) if (this.#upstreams.get(spec.id) === undefined) this.#upstreams.add(spec);
  }

  /** Probes them by this rule from now on; undefined: not at all. */
  check(rule: CheckRule | undefined): void {
    this.stopChecks();
    if (rule === undefined) {
      for (const { id } of this.#upstreams) this.#upstreams.setDown(id, { failsChecks: false });
      return;
    }
    this.#stopChecks = startActiveChecks(this.#upstreams, rule, this.#clock, ({ id }, up, reason) => {
      if (up) this.#logger.info({ upstream: id }, "an upstream is well again");
      else this.#logger.warn({ upstream: id, reason }, "an upstream fails its checks and is left out");
    });
  }

  stopChecks(): void {
    this.#stopChecks();
  }
}
