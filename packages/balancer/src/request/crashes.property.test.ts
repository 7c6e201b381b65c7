import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Balancer } from "../balancer-api.ts";
import { runBalancer } from "../test-support/run-balancer.ts";

/** A worker that crashes of every request whose body says so, with all that it holds, and is started again. */
class CrashingWorker {
  readonly #id: string;
  readonly #balancer: Balancer;
  readonly #sockets = new Set<Socket>();
  #server = createServer();
  crashes = 0;
  /** Crashes that the balancer blames on a request that was in one before. */
  ofSuspects = 0;

  constructor(id: string, balancer: Balancer) {
    this.#id = id;
    this.#balancer = balancer;
  }

  async start(slots: number): Promise<void> {
    await this.#listen(0);
    const { port } = this.#server.address() as AddressInfo;
    this.#balancer.addUpstream({ id: this.#id, origin: `http://127.0.0.1:${port}`, maxConns: slots, owned: true });
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
    if (body.includes("killer")) this.#crash();
    // Long enough that others come beside it.
    else setImmediate(() => setImmediate(() => response.end("served")));
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

/** Killers of one sender that differ in a number are alike, those that differ in words are not. */
function textOf(kind: string, index: number): string {
  const word = String.fromCodePoint(0x61 + index).repeat(4);
  return `{"text":"${kind} ${kind === "killer" ? index : word}"}`;
}

async function ask(url: string, body: string, path = "/v1/chat/completions"): Promise<readonly [number, string]> {
  const response = await fetch(`${url}${path}`, { method: "POST", body });
  return [response.status, await response.text()];
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
          assert.ok(sum(({ crashes }) => crashes) <= 2 * own + Math.min(2 * alike, count + 1));
          // The second crash of each is its own, and no worker is to blame.
          assert.ok(sum(({ ofSuspects }) => ofSuspects) <= own + alike);
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
