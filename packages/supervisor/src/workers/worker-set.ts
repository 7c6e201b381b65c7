import type { Logger } from "pino";
import type { Clock } from "@drover/foundation/clock";
import { SupervisorError } from "../errors.ts";
import type { WorkerPlace } from "../placement/layout.ts";
import { findFreePort } from "./free-port.ts";
import { memberStatus, type Member, type Recipe } from "./member.ts";
import { outOfMemoryKills } from "./process-memory.ts";
import type { ProcessEnd, SpawnWorker } from "./spawn-worker.ts";
import { type TrafficPort, UpstreamBridge } from "./upstream-bridge.ts";
import type { SnapshotDirectory } from "./snapshot-directory.ts";
import { sampleUsage } from "./usage.ts";
import { workerLaunch } from "./worker-launch.ts";
import { forwardLine } from "./worker-output.ts";
import { type RunnerLimits, type WorkerChange, WorkerRunner } from "./worker-runner.ts";
import type { SupervisorStatus } from "./worker-status.ts";

export interface WorkerSetParts {
  readonly balancer: TrafficPort;
  readonly spawn: SpawnWorker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly limits: () => RunnerLimits;
  readonly snapshots: SnapshotDirectory;
  /** Share of the model that a worker has loaded, 0 to 1. */
  readonly onProgress: (worker: string, progress: number) => void;
  readonly onChange: (member: Member, change: WorkerChange) => void;
}

/** What a member is made from. */
export interface MemberSpec {
  readonly index: number;
  readonly place: WorkerPlace;
  readonly recipe: Recipe;
  /** It takes the place of this one, and no traffic until its bridge is released. */
  readonly replaces?: Member;
}

/** The workers that there are, by id, and those that are about to take the place of one. */
export class WorkerSet {
  readonly #parts: WorkerSetParts;
  readonly #members = new Map<string, Member>();
  readonly #candidates = new Set<Member>();
  readonly #ports = new Map<string, number>();
  #portTurn: Promise<unknown> = Promise.resolve();
  #memoryKills = outOfMemoryKills();

  constructor(parts: WorkerSetParts) {
    this.#parts = parts;
  }

  /** Those that count, by index; without candidates. */
  get members(): readonly Member[] {
    return [...this.#members.values()].toSorted((a, b) => a.index - b.index);
  }

  /** Every one that may have a process. */
  get everyone(): readonly Member[] {
    return [...this.#members.values(), ...this.#candidates];
  }

  has(index: number): boolean {
    return this.#members.has(String(index));
  }

  /** @throws SupervisorError `refused` naming those that there are */
  get(id: string): Member {
    const member = this.#members.get(id);
    if (member !== undefined) return member;
    throw new SupervisorError(
      "refused",
      `there is no worker "${id}"; there are ${[...this.#members.keys()].join(", ")}`,
    );
  }

  /** Makes one that does not run yet. One that replaces another is a candidate until {@link admit}. */
  create(spec: MemberSpec): Member {
    const member = this.#build(spec);
    if (spec.replaces === undefined) this.#members.set(member.id, member);
    else this.#candidates.add(member);
    return member;
  }

  /** A candidate becomes the member of its id. */
  admit(candidate: Member): void {
    this.#candidates.delete(candidate);
    this.#members.set(candidate.id, candidate);
  }

  /** Forgets one whose process has ended. */
  dispose(member: Member): void {
    member.bridge.remove();
    this.#candidates.delete(member);
    if (this.#members.get(member.id) === member) this.#members.delete(member.id);
    this.#ports.delete(member.bridge.id);
  }

  async status(): Promise<SupervisorStatus> {
    const { members } = this;
    const pids = members.flatMap(({ runner }) => (runner.pid === undefined ? [] : [runner.pid]));
    const usage = await sampleUsage(pids);
    const now = this.#parts.clock.monotonicMs();
    const workers = members.map((member) => memberStatus(member, usage.get(member.runner.pid ?? -1), now));
    return { workers, snapshots: (await this.#parts.snapshots.status()) ?? null };
  }

  #build({ index, place, recipe, replaces }: MemberSpec): Member {
    const { balancer, clock, random, spawn, limits, snapshots, logger, onChange, onProgress } = this.#parts;
    const id = String(index);
    const upstreamId = replaces?.bridge.id === id ? `${id}b` : id;
    const bridge = new UpstreamBridge(balancer, upstreamId, {
      isHeld: replaces !== undefined,
      earlierRequests: replaces?.bridge.requests ?? 0,
    });
    const output = logger.child({ worker: id });
    const runner = new WorkerRunner({
      id,
      clock,
      random,
      spawn,
      limits,
      launch: async () =>
        workerLaunch(recipe.settings, recipe.model, place, {
          port: await this.#pickPort(member),
          index,
          snapshots: snapshots.forWorker(recipe.snapshotLimitBytes),
        }),
      traffic: {
        open: ({ port, slots }, { secret, options }) =>
          bridge.open({ port, slots, secret, sharesState: options.snapshots !== undefined }),
        close: () => bridge.close(),
        active: () => bridge.active,
      },
      onChange: (change) => {
        bridge.expect(change.to !== "quarantined");
        onChange(member, change);
      },
      onLine: (line) => forwardLine(output, line),
      onProgress: (progress) => onProgress(id, progress),
      explainEnd: (end) => this.#explainEnd(end),
      earlierRestarts: replaces?.runner.restarts ?? 0,
    });
    const member: Member = { id, index, place, recipe, runner, bridge };
    return member;
  }

  /** One after the other, so that two workers that start together do not find the same port. */
  #pickPort({ id, recipe, bridge }: Member): Promise<number> {
    const picking = this.#portTurn.then(async () => {
      const others = new Set([...this.#ports].filter(([other]) => other !== bridge.id).map(([, port]) => port));
      const wanted = this.#ports.get(bridge.id) ?? recipe.settings.workers.firstPort;
      const { port, taken } = await findFreePort(wanted, others);
      if (taken.length > 0) {
        const inUse = taken.length === 1 ? `port ${taken.join()} is` : `ports ${taken.join(", ")} are`;
        this.#parts.logger.warn({ worker: id, port, taken }, `${inUse} in use; taking ${port}`);
      }
      this.#ports.set(bridge.id, port);
      return port;
    });
    this.#portTurn = picking.catch(() => {});
    return picking;
  }

  #explainEnd({ signal }: ProcessEnd): string | undefined {
    const kills = outOfMemoryKills();
    const isNew = kills !== undefined && this.#memoryKills !== undefined && kills > this.#memoryKills;
    this.#memoryKills = kills;
    if (signal !== "SIGKILL" || !isNew) return undefined;
    return "killed by the kernel: out of memory. Use fewer --workers, --slots or a smaller --ctx";
  }
}
