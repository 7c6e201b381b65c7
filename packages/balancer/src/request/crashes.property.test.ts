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
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  crashes = 0;
  /** Crashes that the balancer blames on a request that was in one before. */
  ofSuspects = 0;

  constructor(id: string, balancer: Balancer) {
    this.#id = id;
    this.#balancer = balancer;
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket.once("close", () => this.#sockets.delete(socket)));
    });
  }

  async start(slots: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.#balancer.addUpstream({ id: this.#id, origin: `http://127.0.0.1:${port}`, slots, owned: true });
    this.#balancer.setReady(this.#id, true);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request.setEncoding("utf8")) body += String(part);
    if (body.includes("killer")) this.#crash();
    // Long enough that others come beside it.
    else setImmediate(() => setImmediate(() => response.end("served")));
  }

  #crash(): void {
    this.crashes += 1;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (this.#balancer.upstreamDied(this.#id, "crashed").ofSuspect) this.ofSuspects += 1;
    this.#balancer.setReady(this.#id, false);
    setImmediate(() => this.#balancer.setReady(this.#id, true));
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

async function ask(url: string, body: string, path = "/v1/chat/completions"): Promise<readonly [number, string]> {
  const response = await fetch(`${url}${path}`, { method: "POST", body });
  return [response.status, await response.text()];
}

describe("requests that crash workers", () => {
  it("are refused after their second crash, and every other request is served, whatever comes together", async () => {
    const crowd = fc.array(fc.constantFrom("honest", "honest", "killer"), { minLength: 1, maxLength: 14 });
    const workers = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(crowd, workers, fc.integer({ min: 1, max: 4 }), async (kinds, count, slots) => {
        await withWorkers(count, slots, async (url, running) => {
          const answers = await Promise.all(kinds.map((kind, index) => ask(url, `{"text":"${kind} ${index}"}`)));
          for (const [index, [status, text]] of answers.entries()) {
            if (kinds[index] === "honest") assert.deepEqual([status, text], [200, "served"]);
            else assert.match(`${status} ${text}`, /^500 .*crashes_workers/);
          }
          const killers = kinds.filter((kind) => kind === "killer").length;
          const sum = (value: (worker: CrashingWorker) => number) =>
            running.reduce((total, worker) => total + value(worker), 0);
          assert.ok(sum(({ crashes }) => crashes) <= 2 * killers);
          // The second crash of each is its own, and no worker is to blame.
          assert.equal(
            sum(({ ofSuspects }) => ofSuspects),
            killers,
          );
        });
      }),
      { numRuns: 40 },
    );
  });

  it("crash nobody when they come again", async () => {
    await withWorkers(2, 2, async (url, workers) => {
      const answers = [];
      for (let times = 0; times < 4; times += 1) answers.push(await ask(url, "killer"));
      assert.deepEqual(
        answers.map(([status]) => status),
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
