import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "node:test";
import type { Settings } from "@drover/config";
import * as fc from "fast-check";
import type { Balancer } from "../balancer-api.ts";
import { eventually } from "../test-support/eventually.ts";
import { runBalancer } from "../test-support/run-balancer.ts";

/** A worker that crashes of every request whose body says so, with all that it holds, and is started again. */
class CrashingWorker {
  readonly #id: string;
  readonly #balancer: Balancer;
  readonly #sockets = new Set<Socket>();
  #server = createServer();
  crashes = 0;
  isAboutToCrash = false;
  /** Crashes that the balancer blames on a request that was in one before. */
  ofSuspects = 0;

  constructor(id: string, balancer: Balancer) {
    this.#id = id;
    this.#balancer = balancer;
  }

  async start(slots: number, isolation = false): Promise<void> {
    await this.#listen(0);
    const { port } = this.#server.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    this.#balancer.addUpstream({ id: this.#id, origin, maxConns: slots, owned: true, isolation });
    this.#balancer.setReady(this.#id, true);
  }

  /** As a new process. */
  #listen(port: number): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket.once("close", () => this.#sockets.delete(socket)));
    });
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  /** Once everybody has heard of the end: a process takes longer to start. */
  async #startAgain(port: number): Promise<void> {
    await this.#listen(port);
    for (let turns = 0; turns < 4; turns += 1) await new Promise(setImmediate);
    this.#balancer.setReady(this.#id, true);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request.setEncoding("utf8")) body += String(part);
    // It came to a process that is gone.
    if (request.socket.destroyed) return;
    if (body.includes("slow")) await this.#afterClient(request);
    if (body.includes("killer")) this.#crash();
    // Long enough that others come beside it.
    else setImmediate(() => setImmediate(() => response.end("served")));
  }

  /** Works on until the client has left, which it hears of a little later. */
  async #afterClient(request: IncomingMessage): Promise<void> {
    this.isAboutToCrash = true;
    await new Promise((resolve) => request.socket.once("close", resolve));
    this.isAboutToCrash = false;
  }

  #crash(): void {
    this.crashes += 1;
    const { port } = this.#server.address() as AddressInfo;
    // Ends also the connections that nobody has accepted.
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (this.#balancer.upstreamDied(this.#id, "crashed").ofSuspect) this.ofSuspects += 1;
    this.#balancer.setReady(this.#id, false);
    void this.#startAgain(port);
  }
}

async function withWorkers(count: number, slots: number, run: (url: string, workers: CrashingWorker[]) => unknown) {
  const { balancer, url } = await runBalancer();
  const workers = Array.from({ length: count }, (_, index) => new CrashingWorker(`w${index}`, balancer));
  for (const worker of workers) await worker.start(slots);
  try {
    await run(url, workers);
  } finally {
    await balancer.close({ drainTimeoutMs: 0 });
    for (const worker of workers) worker.close();
  }
}

function wordOf(index: number): string {
  return String.fromCodePoint(0x61 + index).repeat(4);
}

/** Killers of one sender that differ in a number are alike, those that differ in words are not. */
function textOf(kind: string, index: number): string {
  const word = wordOf(index);
  return `{"text":"${kind} ${kind === "killer" ? index : word}"}`;
}

async function ask(
  url: string,
  body: string,
  path = "/v1/chat/completions",
  key = "",
): Promise<readonly [number, string]> {
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${url}${path}`, { method: "POST", headers, body });
  return [response.status, await response.text()];
}

const indices = Array.from({ length: 10 }, (_, index) => index);
const KEYS = ["mallory", "alice", "bobby", ...indices.map(wordOf)].map((name) => `${name}=${name}`);

function withKeys(settings: Settings): Settings {
  return { ...settings, apiKeys: KEYS };
}

/** Workers as the supervisor would run them: with one more for isolated senders while one is wanted. */
async function withIsolation(
  count: number,
  slots: number,
  run: (url: string, workers: CrashingWorker[], apart: CrashingWorker[]) => unknown,
) {
  const apart: CrashingWorker[] = [];
  const events = {
    onIsolationWanted: () => {
      if (apart.length > 0) return;
      const worker = new CrashingWorker("isolation", running.balancer);
      apart.push(worker);
      // As the supervisor does: the balancer knows of it before it has a port.
      running.balancer.addUpstream({ id: "isolation", origin: "http://127.0.0.1:1", owned: true, isolation: true });
      void worker.start(slots, true);
    },
  };
  const running = await runBalancer({ settings: withKeys, options: { events } });
  const workers = Array.from({ length: count }, (_, index) => new CrashingWorker(`w${index}`, running.balancer));
  for (const worker of workers) await worker.start(slots);
  try {
    await run(running.url, workers, apart);
  } finally {
    await running.balancer.close({ drainTimeoutMs: 0 });
    for (const worker of [...workers, ...apart]) worker.close();
  }
}

function crashesOf(workers: readonly CrashingWorker[]): number {
  return workers.reduce((total, { crashes }) => total + crashes, 0);
}

/** Ten at once that have nothing in common, beside others. @returns crashes of the workers of all */
async function tenAtOnce(count: number, keyOf: (index: number) => string): Promise<number> {
  let crashes = 0;
  await withIsolation(count, 4, async (url, running) => {
    const others = ["alice", "bobby"].map((key) => ask(url, "an honest one", undefined, key));
    const killers = indices.map((index) => ask(url, `killer ${wordOf(index)}`, undefined, keyOf(index)));
    for (const other of others) assert.deepEqual(await other, [200, "served"]);
    for (const killer of killers) assert.equal((await killer)[0], 500);
    crashes = crashesOf(running);
  });
  return crashes;
}

describe("requests that crash workers", () => {
  it("are refused after their second crash, and every other request is served, whatever comes together", async () => {
    const crowd = fc.array(fc.constantFrom("honest", "honest", "killer", "killer of its own"), {
      minLength: 1,
      maxLength: 14,
    });
    const workers = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(crowd, workers, fc.integer({ min: 1, max: 4 }), async (kinds, count, slots) => {
        await withWorkers(count, slots, async (url, running) => {
          const responses = await Promise.all(kinds.map((kind, index) => ask(url, textOf(kind, index))));
          for (const [index, [status, text]] of responses.entries()) {
            if (kinds[index] === "honest") assert.deepEqual([status, text], [200, "served"]);
            else assert.match(`${status} ${text}`, /^500 .*crashes_workers/);
          }
          const own = kinds.filter((kind) => kind === "killer of its own").length;
          const alike = kinds.filter((kind) => kind === "killer").length;
          const sum = (value: (worker: CrashingWorker) => number) =>
            running.reduce((total, worker) => total + value(worker), 0);
          // Of those that are alike, as many as have reached a worker before the first of them is known, and that one once more.
          assert.ok(sum((worker) => worker.crashes) <= 2 * own + Math.min(2 * alike, count + 1));
          // The second crash of each is its own, and no worker is to blame; nor is one for a further request of the same sender.
          const crashes = sum((worker) => worker.crashes);
          assert.ok(sum(({ ofSuspects }) => ofSuspects) <= Math.max(0, crashes - 1));
          assert.ok(sum(({ ofSuspects }) => ofSuspects) >= own + Math.min(alike, 1));
        });
      }),
      { numRuns: 40 },
    );
  });

  it("of one client that are alike crash two workers, however many come after another, and others are served", async () => {
    await withWorkers(3, 2, async (url, workers) => {
      for (let times = 0; times < 10; times += 1) {
        const dashes = "-".repeat(300 + 50 * times);
        assert.equal((await ask(url, `{"temperature":0.${times},"text":"killer ${dashes}"}`))[0], 500);
        assert.deepEqual(await ask(url, `{"text":"an honest one ${dashes}"}`), [200, "served"]);
      }
      assert.equal(
        workers.reduce((total, { crashes }) => total + crashes, 0),
        2,
      );
    });
  });

  it("of one sender that have nothing in common crash two workers of others, and those of all and of the same sender that are honest are served", async () => {
    const kinds = fc.array(fc.constantFrom("honest", "killer"), { minLength: 1, maxLength: 10 });
    const workers = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(kinds, workers, fc.integer({ min: 1, max: 4 }), async (sent, count, slots) => {
        await withIsolation(count, slots, async (url, running, apart) => {
          const asks = (body: string, key: string) => ask(url, body, undefined, key);
          for (const [index, kind] of sent.entries()) {
            const word = wordOf(index);
            const others = ["alice", "bobby"].map((key) => asks(`an honest one ${word}`, key));
            const [status, text] = await asks(`${kind} ${word}`, "mallory");
            if (kind === "honest") assert.deepEqual([status, text], [200, "served"]);
            else assert.match(`${status} ${text}`, /^500 .*crashes_workers/);
            for (const other of others) assert.deepEqual(await other, [200, "served"]);
          }
          const killers = sent.filter((kind) => kind === "killer").length;
          assert.equal(crashesOf(running), Math.min(2, 2 * killers));
          assert.equal(crashesOf(apart), 2 * Math.max(0, killers - 1));
        });
      }),
      { numRuns: 30 },
    );
  });

  it("of one sender that come at once crash two workers, and those of others are served", async () => {
    for (const count of [1, 2, 3, 4, 6]) assert.equal(await tenAtOnce(count, () => "mallory"), 2, `${count} workers`);
  });

  it("of ten senders that come at once crash a worker each at most, as they are tried again apart", async () => {
    for (const count of [1, 2, 3, 4, 6]) {
      const crashes = await tenAtOnce(count, wordOf);
      assert.ok(crashes <= 10, `${crashes} crashes of ${count} workers`);
    }
  });

  it("isolate their sender, too, when its clients leave at once", async () => {
    await withIsolation(2, 2, async (url, running, apart) => {
      for (let times = 0; times < 4; times += 1) {
        assert.deepEqual(await ask(url, "an honest one", undefined, "alice"), [200, "served"]);
        const before = crashesOf([...running, ...apart]);
        const body = `slow killer ${wordOf(times)}`;
        const headers = { authorization: "Bearer mallory" };
        const leaving = new AbortController();
        const response = fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body, signal: leaving.signal });
        await eventually("a worker has it", () => [...running, ...apart].some(({ isAboutToCrash }) => isAboutToCrash));
        leaving.abort();
        await assert.rejects(response);
        await eventually("a worker has crashed", () => crashesOf([...running, ...apart]) > before);
      }
      assert.equal(crashesOf(running), 2);
      assert.ok(running.every(({ ofSuspects }) => ofSuspects <= 1));
    });
  });

  it("crash nobody when they come again", async () => {
    await withWorkers(2, 2, async (url, workers) => {
      const responses = [];
      for (let times = 0; times < 4; times += 1) responses.push(await ask(url, "killer"));
      assert.deepEqual(
        responses.map(([status]) => status),
        [500, 500, 500, 500],
      );
      assert.equal(
        workers.reduce((total, { crashes }) => total + crashes, 0),
        2,
      );
      assert.deepEqual(await ask(url, "honest"), [200, "served"]);
    });
  });

  it("are found where they need no slot, too", async () => {
    await withWorkers(2, 1, async (url, workers) => {
      assert.equal((await ask(url, "killer", "/tokenize"))[0], 500);
      assert.equal(
        workers.reduce((total, { crashes }) => total + crashes, 0),
        2,
      );
    });
  });
});
