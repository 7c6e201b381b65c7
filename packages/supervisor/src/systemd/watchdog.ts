import type { Clock } from "@drover/foundation/clock";

/** Something that must go on for Drover to count as alive. */
export interface WatchdogCheck {
  /** Shown when it fails: `the balancer responds`. */
  readonly name: string;
  /** Must settle within half the watchdog's time; a rejection counts as not fresh. */
  readonly isFresh: () => Promise<boolean>;
}

interface WatchdogOptions {
  /** systemd's limit; Drover pings twice as often. */
  readonly limitMs: number;
  readonly checks: readonly WatchdogCheck[];
  readonly ping: () => void;
  /** Told the name of each check that keeps a ping back. */
  readonly warn: (name: string) => void;
  readonly clock: Clock;
}

/**
 * Pings while every check is fresh. A ping that is kept back is no harm by itself: systemd ends the service only when
 * none came for the entire limit. A blocked event loop sends none, as its timers stand still. Returns how to end it.
 */
export function startWatchdog({ limitMs, checks, ping, warn, clock }: WatchdogOptions): () => void {
  let isChecking = false;
  const checkAll = async () => {
    if (isChecking) return;
    isChecking = true;
    const names = await stale(checks);
    isChecking = false;
    if (names.length === 0) ping();
    for (const name of names) warn(name);
  };
  return clock.every(limitMs / 2, () => void checkAll());
}

/** systemd's limit in ms, or undefined where it asks for no pings or asks another process. Removes the variables. */
export function takeWatchdogLimit(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
  const limitUs = Number(environment["WATCHDOG_USEC"] ?? 0);
  const isForUs = Number(environment["WATCHDOG_PID"] ?? pid) === pid;
  for (const name of ["WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
  return isForUs && limitUs > 0 ? limitUs / 1_000 : undefined;
}

async function stale(checks: readonly WatchdogCheck[]): Promise<readonly string[]> {
  const names = await Promise.all(
    checks.map(async (check) => ((await check.isFresh().catch(() => false)) ? [] : [check.name])),
  );
  return names.flat();
}
