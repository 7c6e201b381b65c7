import { PROTOCOL_VERSION, protocolMismatch, type SupervisorMessage, type WorkerMessage } from "@drover/contract/ipc";
import type { WorkerFigures } from "@drover/contract/worker-figures";
import type { ProcessEnd, SpawnedProcess } from "../process/spawned-process.ts";
import { afterHeartbeat, firstPulse, forgive, judgeLiveness, type LivenessLimits, type Pulse } from "./liveness.ts";

/** What a worker said when it became ready. */
export type ReadyMessage = Extract<WorkerMessage, { readonly type: "ready" }>;

/** Reasons that another try does not mend. */
const HOPELESS_CODES = new Set([
  "model_unloadable",
  "context_too_large",
  "bad_options",
  "engine_mismatch",
  "protocol_mismatch",
]);

/** One process of a worker, from the decision to start it to its end: what it said, and whether it lives. The next one knows nothing of it. */
export class WorkerProcess {
  readonly startedAt: number;
  #spawned: SpawnedProcess | undefined;
  #readyMessage: ReadyMessage | undefined;
  #readySince: number | undefined;
  #failure: Extract<WorkerMessage, { readonly type: "failed" }> | undefined;
  #pulse: Pulse | undefined;
  #busySlots = 0;
  #figures: WorkerFigures = {};
  #readShare = 0;
  #wasKilled = false;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** undefined while it is only decided on. */
  get pid(): number | undefined {
    return this.#spawned?.pid;
  }

  /** Its message when it became ready; undefined before. */
  get readyMessage(): ReadyMessage | undefined {
    return this.#readyMessage;
  }

  get readySince(): number | undefined {
    return this.#readySince;
  }

  /** Those of its last heartbeat. */
  get figures(): WorkerFigures {
    return this.#figures;
  }

  get busySlots(): number {
    return this.#busySlots;
  }

  /** Of the model that it has read, 0 to 1. */
  get readShare(): number {
    return this.#readShare;
  }

  /** Whether it said that it can't do its work, for a reason that the next one would have too. */
  get isHopeless(): boolean {
    return this.#failure !== undefined && HOPELESS_CODES.has(this.#failure.code);
  }

  /** It was started. */
  attach(spawned: SpawnedProcess): void {
    this.#spawned = spawned;
  }

  /** Keeps what it says. `active`: requests that the balancer has on it. */
  hear(message: WorkerMessage, now: number, active: number): void {
    switch (message.type) {
      case "loading":
        this.#readShare = message.progress;
        this.#pulse ??= firstPulse(now);
        return;
      case "ready":
        if (message.protocol !== PROTOCOL_VERSION) return this.#refuse(message.protocol);
        this.#readyMessage = message;
        this.#readySince = now;
        this.#pulse = firstPulse(now);
        return;
      case "heartbeat":
        this.#busySlots = message.busySlots;
        this.#figures = message.figures ?? {};
        if (this.#pulse === undefined) return;
        this.#pulse = afterHeartbeat(
          this.#pulse,
          { steps: message.steps, active: Math.max(message.active, active) },
          now,
        );
        return;
      case "failed":
        this.#failure = message;
        return;
      case "cpus-needed":
      case "leased":
      case "step-costs":
      case "request-ended":
      // Nothing of them says whether it lives.
    }
  }

  #refuse(protocol: number): void {
    const message = protocolMismatch(protocol, PROTOCOL_VERSION);
    this.#failure = { type: "failed", code: "protocol_mismatch", message };
    this.kill();
  }

  /** Why it must be taken for hung, or undefined. `missedMs`: time in which the supervisor itself did not run. */
  judge(now: number, missedMs: number, limits: LivenessLimits): string | undefined {
    if (this.#pulse === undefined) return undefined;
    this.#pulse = forgive(this.#pulse, missedMs);
    const verdict = judgeLiveness(this.#pulse, now, limits);
    if (verdict === "silent") return `no heartbeat for ${Math.round(now - this.#pulse.heardAt)} ms`;
    if (verdict === "stalled") return `requests but no engine step for ${Math.round(now - this.#pulse.steppedAt)} ms`;
    return undefined;
  }

  /** It is judged no more: it was, or somebody ends it. */
  giveUp(): void {
    this.#pulse = undefined;
  }

  send(message: SupervisorMessage): void {
    this.#spawned?.send(message);
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    this.#spawned?.signal(signal);
  }

  /** By the supervisor's decision, which the kernel's count of its own kills must not explain. */
  kill(): void {
    this.#wasKilled = true;
    this.signal("SIGKILL");
  }

  /** Why it ended: its own reason before what the kernel says, and that before the bare exit code or signal. */
  describe(end: ProcessEnd, explained: string | undefined): string {
    const known = this.#failure?.message ?? (this.#wasKilled ? undefined : explained) ?? end.reason;
    if (known !== undefined) return known;
    return end.signal === undefined ? `exited with code ${end.exitCode ?? "unknown"}` : `killed by ${end.signal}`;
  }
}
