import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CpuNeed } from "@drover/contract/ipc";
import type { Cpu } from "../placement/topology.ts";
import { TURN_MS } from "./divide-cpus.ts";
import { type IssuedLease, LeaseBook } from "./lease-book.ts";

const LONGEST_STEP_MS = 900;
const LONGEST_DELAY_MS = 30;
const KILL_AFTER_MS = 10_000;

/** Mulberry32: the same runs each time. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface Process {
  readonly id: string;
  need: CpuNeed;
  /** What its threads may run on, by its own view. */
  uses: readonly number[];
  /** End of its present step; undefined: none. */
  stepEndsAt: number | undefined;
  pending: IssuedLease | undefined;
  isHung: boolean;
  isGone: boolean;
  waitingSince: number | undefined;
  /** When the last message to it, and the last one from it, arrives: none overtakes another. */
  readonly arrival: { to: number; from: number };
}

/** Workers that obey at the end of a step, messages that take their time, and a clock that jumps from event to event. */
class Stage {
  now = 0;
  longestWaitMs = 0;
  readonly processes = new Map<string, Process>();
  readonly book: LeaseBook;
  cpus: readonly Cpu[];
  readonly #random: (below: number) => number;
  readonly #events: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #count = 0;
  #hungUntil = 0;

  constructor(random: (below: number) => number, cpus: readonly Cpu[]) {
    this.#random = random;
    this.cpus = cpus;
    this.book = new LeaseBook(cpus);
  }

  at(delayMs: number, run: () => void): void {
    this.#events.push({ at: this.now + delayMs, order: this.#count++, run });
  }

  /** Runs all that happens until `untilMs`. */
  run(untilMs: number): void {
    for (;;) {
      this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#events[0];
      if (next === undefined || next.at > untilMs) break;
      this.#events.shift();
      this.now = next.at;
      next.run();
      this.check();
    }
    this.now = untilMs;
  }

  /** Nothing is used by two, and nobody waits for long unless somebody hangs. */
  check(): void {
    const users = new Map<number, string>();
    for (const { id, uses, stepEndsAt } of this.processes.values()) {
      for (const cpu of stepEndsAt === undefined ? [] : uses) {
        assert.equal(users.get(cpu), undefined, `CPU ${cpu} is used by ${users.get(cpu)} and ${id}`);
        users.set(cpu, id);
      }
    }
    const held = [...this.processes.keys()].flatMap((id) => [...this.book.heldBy(id)]);
    assert.equal(new Set(held).size, held.length, `held by two: ${held.join()}`);
    if (this.now < this.#hungUntil) return;
    for (const { waitingSince } of this.processes.values()) {
      if (waitingSince !== undefined)
        this.longestWaitMs = Math.max(this.longestWaitMs, this.now - Math.max(waitingSince, this.#hungUntil));
    }
  }

  settle(): void {
    for (const order of this.book.settle(this.now, [...this.processes.keys()][0])) this.#deliver(order);
  }

  start(): void {
    const id = `w${this.#count}`;
    const process: Process = {
      id,
      need: "loading",
      uses: [],
      stepEndsAt: undefined,
      pending: undefined,
      isHung: false,
      isGone: false,
      waitingSince: undefined,
      arrival: { to: 0, from: 0 },
    };
    this.processes.set(id, process);
    const home = this.cpus[this.#random(this.cpus.length)];
    this.book.join(id, home === undefined ? [] : [home.id], this.now);
    this.settle();
    this.at(this.#random(300), () => {
      if (!process.isGone && process.need === "loading") this.book.needs(id, "loading", this.now);
    });
    this.at(300 + this.#random(3000), () => this.need(process, this.#random(2) === 0 ? "all" : "share"));
  }

  need(process: Process, need: CpuNeed): void {
    if (process.isGone || process.isHung || process.need === need) return;
    process.need = need;
    process.waitingSince =
      (need === "share" && process.uses.length === 0 ? this.now : undefined) ?? process.waitingSince;
    if (need === "none") process.waitingSince = undefined;
    this.#message(process, "from", () => {
      this.book.needs(process.id, need, this.now);
      this.settle();
    });
    this.#step(process);
  }

  end(process: Process): void {
    if (process.isGone) return;
    process.isGone = true;
    this.processes.delete(process.id);
    this.book.leave(process.id);
    this.settle();
  }

  /** It neither ends its step nor obeys, until it is killed. */
  hang(process: Process): void {
    process.isHung = true;
    process.waitingSince = undefined;
    this.#hungUntil = this.now + KILL_AFTER_MS;
    this.at(KILL_AFTER_MS, () => this.end(process));
  }

  #deliver(order: IssuedLease): void {
    const process = this.processes.get(order.holder);
    if (process === undefined) return;
    this.#message(process, "to", () => {
      process.pending = order;
      if (process.stepEndsAt === undefined) this.#obey(process);
    });
  }

  #message(process: Process, way: "to" | "from", arrives: () => void): void {
    const { arrival } = process;
    arrival[way] = Math.max(arrival[way], this.now + this.#random(LONGEST_DELAY_MS));
    this.at(arrival[way] - this.now, () => {
      if (!process.isGone) arrives();
    });
  }

  #obey(process: Process): void {
    const { pending } = process;
    if (process.isGone || process.isHung) return;
    if (pending !== undefined) {
      process.pending = undefined;
      process.uses = pending.cpus;
      if (pending.cpus.length > 0) process.waitingSince = undefined;
      else if (process.need === "share") process.waitingSince = this.now;
      this.#message(process, "from", () => {
        this.book.confirms(process.id, pending.epoch);
        this.settle();
      });
    }
    this.#step(process);
  }

  #step(process: Process): void {
    const computes = process.need === "share" || process.need === "all";
    if (process.stepEndsAt !== undefined || !computes || process.uses.length === 0 || process.isGone) return;
    const tookMs = 1 + this.#random(LONGEST_STEP_MS);
    process.stepEndsAt = this.now + tookMs;
    this.at(tookMs, () => {
      if (process.isHung || process.isGone) return;
      process.stepEndsAt = undefined;
      this.#obey(process);
    });
  }
}

function cpusOf(count: number): readonly Cpu[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    core: id,
    cache: Math.floor(id / 4),
    node: 0,
    kind: "performance" as const,
  }));
}

/** A random life of some workers on some CPUs. */
function play(seed: number) {
  const random = randomOf(seed);
  const all = cpusOf(1 + random(12));
  const stage = new Stage(random, all);
  const most = 1 + random(6);
  const someone = () => [...stage.processes.values()][random(stage.processes.size)];
  const acts: readonly (() => void)[] = [
    () => stage.processes.size < most && stage.start(),
    () => stage.processes.size < most && stage.start(),
    () => withOne(someone(), (process) => stage.need(process, "share")),
    () => withOne(someone(), (process) => stage.need(process, "share")),
    () => withOne(someone(), (process) => process.need !== "loading" && stage.need(process, "none")),
    () => withOne(someone(), (process) => process.need === "none" && stage.need(process, "all")),
    () => random(8) === 0 && withOne(someone(), (process) => stage.end(process)),
    () => random(30) === 0 && withOne(someone(), (process) => stage.hang(process)),
    () => {
      if (random(20) > 0) return;
      stage.cpus = all.slice(0, 1 + random(all.length));
      stage.book.use(stage.cpus);
      stage.settle();
    },
  ];
  const ticking = () => {
    stage.settle();
    if (stage.now < 60_000) stage.at(TURN_MS, ticking);
  };
  ticking();
  for (let at = 0; at < 60_000; at += random(400)) {
    stage.run(at);
    acts[random(acts.length)]?.();
    stage.check();
  }
  return stage;
}

function withOne(process: Process | undefined, act: (process: Process) => unknown): void {
  if (process !== undefined) act(process);
}

describe("CPU leases, over random lives of workers", () => {
  it("never give a CPU to two, whatever arrives, ends, crashes, hangs or is taken away, and let nobody wait for long", () => {
    for (let seed = 1; seed <= 150; seed++) {
      const { longestWaitMs, processes } = play(seed);
      // Turns of the others, the step that each of them is in, and the messages on the way.
      const limitMs = 7 * (TURN_MS + LONGEST_STEP_MS) + 20 * LONGEST_DELAY_MS + 2 * TURN_MS;
      assert.ok(longestWaitMs <= limitMs, `seed ${seed}: ${longestWaitMs} ms with ${processes.size} workers`);
    }
  });

  it("lose no CPU: once it is quiet, those that need CPUs have all of them, and one alone has all", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const stage = play(seed);
      stage.run(stage.now + KILL_AFTER_MS + LONGEST_STEP_MS);
      for (const process of [...stage.processes.values()].slice(1)) stage.end(process);
      const [last] = stage.processes.values();
      if (last === undefined) continue;
      stage.need(last, "share");
      for (let count = 0; count < 10; count++) {
        stage.settle();
        stage.run(stage.now + LONGEST_STEP_MS + 3 * LONGEST_DELAY_MS);
      }
      assert.deepEqual(
        last.uses,
        stage.cpus.map(({ id }) => id),
        `seed ${seed}`,
      );
    }
  });
});
