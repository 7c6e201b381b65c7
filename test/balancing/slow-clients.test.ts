import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { descriptorsOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RunningBalancer, startBalancer, statusOf } from "../support/running-balancer.ts";
import { ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const head = "POST /v1/chat/completions HTTP/1.1\r\nHost: drover\r\n";
const whole = `${head}Content-Length: 2\r\n\r\n{}`;

/** What each slow client sends at once, and then a letter at a time for as long as it is let. */
const slow: Readonly<Record<string, readonly [atOnce: string, then: string]>> = {
  "that says nothing after it connected": ["", ""],
  "that stops in its head": [head.slice(0, 30), ""],
  "whose head comes a letter at a time": ["", `${head}X-Long: ${"a".repeat(1000)}`],
  "that stops before its body": [`${head}Content-Length: 9\r\n\r\n`, ""],
  "that stops in its body": [`${head}Content-Length: 9\r\n\r\nabc`, ""],
  "whose body comes a letter at a time": [`${head}Content-Length: 1000\r\n\r\n`, "a".repeat(999)],
  "whose chunked body comes a letter at a time": [`${head}Transfer-Encoding: chunked\r\n\r\n3e8\r\n`, "a".repeat(999)],
};

const sockets = (): number => descriptorsOf(process.pid).length;

describe("a balancer and clients that are slow to ask", () => {
  const upstream = new ScriptedUpstream("a", () => ok("{}"));
  let running: RunningBalancer;
  /** Has no time-out that could pass before another client is served. */
  let patient: RunningBalancer;
  let upstreamPort: number;

  before(async () => {
    upstreamPort = await upstream.listen();
    running = await startBalancer([upstreamPort], (settings) => ({
      ...settings,
      limits: { ...settings.limits, headerTimeout: 1000, bodyTimeout: 1500 },
    }));
    patient = await startBalancer([upstreamPort], (settings) => ({
      ...settings,
      limits: { ...settings.limits, headerTimeout: 600_000, bodyTimeout: 600_000 },
    }));
  });
  after(async () => {
    for (const { balancer } of [running, patient]) await balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });

  for (const [name, [atOnce, then]] of Object.entries(slow)) {
    it(`serves others beside one ${name}`, async () => {
      upstream.reset();
      const client = new RawClient(patient.port);
      await client.send(atOnce + then.slice(0, 9));
      const other = new RawClient(patient.port);
      other.write(whole);
      assert.equal(await statusOf(other), 200);
      assert.equal(client.heard, false);
      assert.deepEqual(
        upstream.seen.map(({ body }) => body),
        ["{}"],
      );
      client.destroy();
      other.destroy();
      await until(() => patient.leases() === 0, "no lease is held");
    });

    it(`answers 408 to one ${name}, and closes`, async () => {
      upstream.reset();
      await until(() => upstream.open === 0, "no connection of another test is open");
      const before = sockets();
      const client = new RawClient(running.port);
      client.write(atOnce);
      const letters = then[Symbol.iterator]();
      const drip = setInterval(() => {
        const { value } = letters.next();
        if (value !== undefined && !client.heard) client.write(value);
      }, 10);
      assert.equal(await statusOf(client), 408);
      clearInterval(drip);
      assert.equal(await client.isClosed(), true);
      assert.deepEqual(upstream.seen, []);
      await until(() => running.leases() === 0, "no lease is held");
      await until(() => sockets() <= before, "no descriptor is held");
    });
  }

  it("closes a kept connection that asks nothing more", async () => {
    const impatient = await startBalancer([upstreamPort], (settings) => ({
      ...settings,
      limits: { ...settings.limits, idleTimeout: 300 },
    }));
    const client = new RawClient(impatient.port);
    client.write(whole);
    assert.equal(await statusOf(client), 200);
    assert.equal(await client.isClosed(), true);
    assert.equal(await statusOf(client), 0);
    await impatient.balancer.close({ drainTimeoutMs: 0 });
  });
});

describe("a balancer and a client that takes nothing of its response", () => {
  it("cuts it after limits.sendTimeout, with its upstream's connection and its lease", async () => {
    const text = `HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n${"x".repeat(19_000_000)}`;
    const upstream = new ScriptedUpstream("a", () => ({ kind: "send", text }));
    const running = await startBalancer([await upstream.listen()], (settings) => ({
      ...settings,
      limits: { ...settings.limits, sendTimeout: 300 },
    }));
    try {
      const client = new RawClient(running.port);
      client.pause();
      client.write(whole);
      await until(() => upstream.seen.length === 1, "the upstream is asked, so it has a lease");
      await until(() => running.leases() === 0, "its lease is released");
      await until(() => upstream.open === 0, "the upstream's connection is closed");
      client.resume();
      assert.equal(await client.isClosed(), true);
      const response = await client.read("POST");
      assert.equal(response.whole, false);
    } finally {
      await running.balancer.close({ drainTimeoutMs: 0 });
      await upstream.close();
    }
  });

  it("cuts it, too, where its responses are made and wait for it alone", async () => {
    const text = `HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n${"x".repeat(60_000)}`;
    const upstream = new ScriptedUpstream("a", () => ({ kind: "send", text }));
    const running = await startBalancer([await upstream.listen()], (settings) => ({
      ...settings,
      limits: { ...settings.limits, sendTimeout: 300 },
    }));
    const client = new RawClient(running.port);
    try {
      client.pause();
      client.write(whole);
      await until(() => upstream.seen.length === 1, "its connection is open");
      const before = sockets();
      client.write(whole.repeat(1000));
      await until(() => upstream.seen.length > 10, "its requests are served one after the other");
      await until(() => sockets() < before, "its connection is closed at the balancer's end");
      assert.ok(upstream.seen.length < 1000, `${upstream.seen.length} requests were served`);
    } finally {
      client.destroy();
      await running.balancer.close({ drainTimeoutMs: 0 });
      await upstream.close();
    }
  });
});
