import { systemClock } from "@drover/foundation/clock";
import type { CpuNeed, WorkerMessage } from "@drover/contract/ipc";
import type { Logger } from "pino";
import { type Layout, layOut } from "../placement/layout.ts";
import { readAllowance, readTopology } from "../placement/topology.ts";
import type { WorkerLaunch } from "../process/launch.ts";
import { hasProgram } from "../process/programs.ts";
import type { SpawnWorker } from "../process/spawn.ts";
import type { SpawnedProcess } from "../process/spawned-process.ts";
import { createSerialQueue } from "../serial-queue.ts";
import { type LeaseDomain, leaseDomains } from "../placement/lease-domains.ts";
import { storeCosts } from "./cost-file.ts";
import { TURN_MS } from "./divide-cpus.ts";
import { type IssuedLease, LeaseBook } from "./lease-book.ts";
import { LoadFollower } from "./load-follower.ts";
import { setAffinity } from "./set-affinity.ts";

/** How often it is looked whether the machine gives other CPUs. */
const LOOK_EVERY_MS = 3000;

/** One process of a worker. */
interface Seat {
  readonly id: string;
  readonly launch: WorkerLaunch;
  readonly process: SpawnedProcess;
  readonly book: LeaseBook;
  /** One order, and one change of affinity, after the other. */
  readonly inOrder: ReturnType<typeof createSerialQueue>;
  affinity: string;
  hasLoaded: boolean;
}

/**
 * Gives the workers their CPUs as the load changes, and says which of them take new requests. The decisions are
 * {@link LeaseBook}'s and {@link LoadFollower}'s; this tells the workers, and moves their processes. Without `taskset`, which the application tells,
 * processes can't be moved, and leases bound the threads alone.
 */
export class LeaseKeeper {
  readonly #logger: Logger;
  readonly #canMove = hasProgram("taskset");
  readonly #seats = new Map<string, Seat>();
  readonly #follower = new LoadFollower();
  #books: readonly { readonly domain: LeaseDomain; readonly book: LeaseBook }[] = [];
  #placementCount = 0;
  /** What changes when CPUs are taken away or come back. */
  #allowance = readAllowance();
  #lookAt = systemClock.monotonicMs();
  #processes = 0;
  #hasWarned = false;
  readonly #stop: () => void;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#stop = systemClock.every(TURN_MS, () => this.#tick());
  }

  close(): void {
    this.#stop();
  }

  /** Leases the CPUs of this layout from now on. */
  use(layout: Layout, topology = readTopology()): void {
    this.#placementCount = layout.placements.length;
    const domains = leaseDomains(layout, topology);
    this.#books = domains.map((domain) => {
      const book = this.#books.find((known) => known.domain.node === domain.node)?.book ?? new LeaseBook(domain.cpus);
      book.use(domain.cpus);
      return { domain, book };
    });
    this.#settle();
  }

  /** Starts workers like `spawn`, and leases CPUs to those that take them by leases. */
  lend(spawn: SpawnWorker): SpawnWorker {
    return (launch, listener) => {
      if (launch.leases === undefined) return spawn(launch, listener);
      const seat: { taken?: Seat } = {};
      const process = spawn(launch, {
        ...listener,
        onMessage: (message) => {
          if (seat.taken !== undefined) this.#hear(seat.taken, message);
          listener.onMessage(message);
        },
      });
      const taken = this.#join(launch, process);
      seat.taken = taken;
      void process.ended.then(() => this.#leave(taken));
      return process;
    };
  }

  /** Of workers that could take a request, by the names of their upstreams, those that stand by: others compute faster without them. */
  standBy(able: readonly string[], inFlight: number): ReadonlySet<string> {
    const seats = [...this.#seats.values()];
    const known = able.flatMap((upstream) => {
      const seat = seats.findLast(({ launch }) => launch.leases?.upstream === upstream);
      return seat === undefined
        ? []
        : [{ upstream, cpus: this.#domainOf(seat).cpus.length, domain: seat.book, id: seat.id }];
    });
    return this.#follower.standBy(known, inFlight);
  }

  /** CPUs that the process may compute on; undefined: it has no leases. */
  cpusOf(pid: number | undefined): readonly number[] | undefined {
    const seat = [...this.#seats.values()].find(({ process }) => process.pid === pid && pid !== undefined);
    return seat === undefined ? undefined : seat.book.cpusOf(seat.id);
  }

  #domainOf(seat: Seat): LeaseDomain {
    return (this.#books.find(({ book }) => book === seat.book) as { readonly domain: LeaseDomain }).domain;
  }

  #join(launch: WorkerLaunch, process: SpawnedProcess): Seat {
    const node = launch.leases?.node;
    const found = this.#books.find(({ domain }) => domain.node === node) ?? this.#books[0];
    if (found === undefined) throw new Error("leases need a layout before the first worker");
    const id = `${launch.leases?.upstream ?? ""}#${++this.#processes}`;
    const affinity = launch.cpus?.join(",") ?? "";
    const seat: Seat = {
      id,
      launch,
      process,
      book: found.book,
      inOrder: createSerialQueue(),
      affinity,
      hasLoaded: false,
    };
    this.#seats.set(id, seat);
    seat.book.join(id, launch.leases?.home ?? [], systemClock.monotonicMs());
    this.#settle();
    return seat;
  }

  #leave(seat: Seat): void {
    this.#seats.delete(seat.id);
    this.#follower.forget(seat.id);
    seat.book.leave(seat.id);
    this.#settle();
  }

  #hear(seat: Seat, message: WorkerMessage): void {
    switch (message.type) {
      case "cpus-needed":
        this.#needs(seat, message.need);
        return;
      case "leased":
        this.#do(seat, async () => {
          // Only then are the others' threads alone on the CPUs that it gave back.
          await this.#allow(seat, seat.book.cpusOf(seat.id));
          seat.book.confirms(seat.id, message.epoch);
          this.#settle();
        });
        return;
      case "step-costs":
        this.#follower.know(message.threads, message.points);
        storeCosts(seat.launch.options, this.#follower.tables).catch((error: unknown) =>
          // A read-only home costs a sentence of `drover plan`, no more.
          this.#logger.debug({ err: error }, "step costs not stored"),
        );
        return;
      case "ready":
        this.#follower.comesReady(seat.id, message.slots);
        this.#settle();
        return;
      case "loading":
        // Said again and again while the model is read; what comes after it is said by the worker.
        if (seat.hasLoaded) return;
        seat.hasLoaded = true;
        this.#needs(seat, "loading");
        return;
      case "heartbeat":
      case "request-ended":
      case "failed":
      // They say nothing of CPUs.
    }
  }

  #needs(seat: Seat, need: CpuNeed): void {
    seat.book.needs(seat.id, need, systemClock.monotonicMs());
    this.#settle();
  }

  #settle(): void {
    const now = systemClock.monotonicMs();
    for (const { book } of this.#books) {
      const preferred = this.#follower.first(book.holders.map(({ id }) => id));
      for (const order of book.settle(now, preferred)) this.#order(order);
    }
  }

  #order({ holder, cpus, epoch }: IssuedLease): void {
    const seat = this.#seats.get(holder);
    if (seat === undefined) return;
    const held = [...seat.book.heldBy(holder)].toSorted((a, b) => a - b);
    this.#do(seat, async () => {
      if (cpus.length > 0) await this.#allow(seat, held);
      seat.process.send({ type: "lease", cpus, epoch });
    });
  }

  #do(seat: Seat, work: () => Promise<void>): void {
    void seat.inOrder(async () => {
      if (this.#seats.has(seat.id)) await work();
    });
  }

  /** A worker without CPUs stays where it is: it computes nothing, and listens all the same. */
  async #allow({ id, launch, process, ...seat }: Seat, cpus: readonly number[]): Promise<void> {
    const affinity = cpus.join(",");
    if (!this.#canMove || launch.cpus === undefined || process.pid === undefined) return;
    if (cpus.length === 0 || affinity === seat.affinity) return;
    const failure = await setAffinity(process.pid, cpus);
    const known = this.#seats.get(id);
    if (known === undefined) return;
    known.affinity = failure === undefined ? affinity : "";
    if (failure !== undefined && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#logger.warn(
        { pid: process.pid, cpus },
        `workers can't be moved to their CPUs, only their threads follow: ${failure}`,
      );
    }
  }

  #tick(): void {
    const now = systemClock.monotonicMs();
    if (now - this.#lookAt >= LOOK_EVERY_MS) {
      this.#lookAt = now;
      const allowance = readAllowance();
      if (allowance !== this.#allowance && this.#placementCount > 0) {
        this.#allowance = allowance;
        const topology = readTopology();
        const layout = layOut(topology, { workers: this.#placementCount, threads: "auto" });
        const cpus = [...new Set(layout.placements.flatMap((placement) => placement.cpus))].toSorted((a, b) => a - b);
        this.#logger.warn({ cpus }, "the CPUs that may be used have changed: the workers share what there is now");
        this.use(layout, topology);
        return;
      }
    }
    this.#settle();
  }
}
