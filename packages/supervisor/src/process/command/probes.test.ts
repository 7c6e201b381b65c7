import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as settled } from "node:timers/promises";
import { defaultSettings } from "@drover/config";
import type { WorkerMessage } from "@drover/contract/ipc";
import { createManualClock, type ManualClock } from "@drover/foundation/test-support/manual-clock";
import type { Activity, WorkerListener } from "../spawn.ts";
import type { SpawnedProcess } from "../spawned-process.ts";
import { withProbes } from "./probes.ts";

/** A second; the probes below come every two, and are allowed half a minute each. */
const SECOND_MS = 1000;
const rule = { ...defaultSettings().checks, interval: 2 * SECOND_MS, timeout: 30 * SECOND_MS, fall: 2 };

/** A command whose server is this process; what is said of it, and the responses that it owes. */
class Command {
  readonly messages: WorkerMessage[] = [];
  readonly signals: string[] = [];
  readonly lines: string[] = [];
  readonly owed: http.ServerResponse[] = [];
  readonly activity: { -readonly [name in keyof Activity]: Activity[name] } = { active: 0, bytesReceived: 0 };
  readonly #server = http.createServer((_request, response) => void this.owed.push(response));

  async start(t: TestContext, clock: ManualClock): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const process: SpawnedProcess = {
      pid: 1,
      send: () => {},
      signal: (name) => void this.signals.push(name),
      ended: new Promise((resolve) =>
        t.after(() => {
          this.#server.closeAllConnections();
          this.#server.close();
          resolve({ exitCode: 0, signal: undefined, reason: undefined });
        }),
      ),
    };
    const listener: WorkerListener = {
      onMessage: (message) => void this.messages.push(message),
      activity: () => this.activity,
      onLine: (line) => void this.lines.push(line),
    };
    const parts = { clock, rule: () => rule, longestPeriodMs: () => 5 * SECOND_MS };
    const { port } = this.#server.address() as AddressInfo;
    withProbes(() => process, parts)(
      {
        options: { modelPath: "m.gguf", port, threads: 1 },
        cpus: undefined,
        command: "a server",
        index: 1,
        secret: "s",
      },
      listener,
    );
  }

  /** Time goes on until a probe has come. */
  async asked(clock: ManualClock): Promise<void> {
    const request = once(this.#server, "request");
    clock.advance(rule.interval);
    await request;
  }

  async responds(): Promise<void> {
    this.owed.shift()?.end("ok");
    const { length } = this.messages;
    while (this.messages.length === length) await settled();
  }

  heartbeats(): number {
    return this.messages.filter(({ type }) => type === "heartbeat").length;
  }
}

async function pass(clock: ManualClock): Promise<void> {
  clock.advance(SECOND_MS);
  await settled();
}

describe("a server that does one thing at a time", () => {
  it("is said to live, is asked once and not killed while it works on a request, however long a probe may take", async (t) => {
    const clock = createManualClock();
    const command = new Command();
    await command.start(t, clock);
    await command.asked(clock);
    await command.responds();
    assert.equal(command.messages[0]?.type, "ready");

    command.activity.active = 1;
    await command.asked(clock);
    const before = command.heartbeats();
    for (let second = 0; second < 300; second += 1) await pass(clock);
    assert.ok(command.heartbeats() - before >= 300);
    assert.deepEqual([command.owed.length, command.signals], [1, []]);
  });

  it("is said to be waited for, and where, while it has not responded", async (t) => {
    const clock = createManualClock();
    const command = new Command();
    await command.start(t, clock);
    for (let second = 0; second < 29; second += 1) await pass(clock);
    assert.deepEqual(command.lines, []);
    for (let second = 0; second < 160; second += 1) await pass(clock);
    for (const line of command.lines)
      assert.match(
        line,
        /^not ready after \d+ s: http:\/\/127\.0\.0\.1:\d+\/health: no response within 30000 ms; the command must listen there/,
      );
    assert.equal(command.lines.length, 3);
  });

  it("is killed when it is silent and has no request", async (t) => {
    const clock = createManualClock();
    const command = new Command();
    await command.start(t, clock);
    await command.asked(clock);
    await command.responds();
    await command.asked(clock);
    for (let second = 0; second < 100; second += 1) await pass(clock);
    assert.deepEqual(command.signals, ["SIGKILL"]);
    assert.deepEqual(
      command.messages.filter(({ type }) => type === "failed"),
      [{ type: "failed", code: "probe_failed", message: "2 probes of /health failed: no response within 30000 ms" }],
    );
  });
});
