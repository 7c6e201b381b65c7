import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import tls from "node:tls";
import { defaultSettings, type Settings } from "@drover/config";
import { pino } from "pino";
import type { BalancerOptions } from "../balancer-api.ts";
import { testCertificates } from "../test-support/certificates.ts";
import { eventually } from "../test-support/eventually.ts";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { pingingClock } from "../test-support/timeless-clock.ts";
import { httpUpstream } from "../test-support/upstream-server.ts";

const twoAMinute = (settings: Settings) => ({
  ...settings,
  apiKeys: ["one=key-one"],
  limits: { ...settings.limits, requestsPerMinute: 2 },
});

/** What is said of a keys file. */
const UNUSABLE = /has no API key|no client can send/;

describe("the front door", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function open(
    change: (settings: Settings) => Settings,
    handler: http.RequestListener = echoHeaders,
    options: Partial<BalancerOptions> = {},
  ) {
    const upstream = await httpUpstream(handler);
    const running = await runBalancer({ settings: change, options });
    closers.push(
      () => running.balancer.close({ drainTimeoutMs: 0 }),
      () => upstream.close(),
    );
    running.balancer.addUpstream({
      id: "w1",
      origin: upstream.origin,
      maxConns: 2,
      owned: true,
      secret: "of the worker",
    });
    running.balancer.setReady("w1", true);
    return { ...running, upstream, change };
  }

  function folder(): string {
    const made = mkdtempSync(join(tmpdir(), "drover-front-"));
    closers.push(() => rmSync(made, { recursive: true }));
    return made;
  }

  it("lets in who sends one of the keys, by either header, and tells the others what is missing", async () => {
    const { url, upstream } = await open((settings) => ({ ...settings, apiKeys: ["team=secret-1", "secret-2"] }));
    assert.equal((await fetch(url, withKey("secret-1"))).status, 200);
    assert.equal((await fetch(url, { headers: { "x-api-key": "secret-2" } })).status, 200);
    const none = await fetch(url);
    assert.equal(none.status, 401);
    assert.equal(none.headers.get("www-authenticate"), "Bearer");
    assert.equal(((await none.json()) as { error: { code: string } }).error.code, "missing_api_key");
    for (const wrong of ["secret-3", "secret-11", "secret", "team=secret-1"]) {
      assert.equal((await fetch(url, withKey(wrong))).status, 401, wrong);
    }
    assert.equal(upstream.seen(), 2);
    assert.equal((await fetch(`${url}/health`)).status, 200);
    assert.equal((await fetch(`${url}/metrics`)).status, 401);
  });

  it("hands the worker its secret, and not the client's key", async () => {
    const { url } = await open((settings) => ({ ...settings, apiKeys: ["secret-1"] }));
    const response = await fetch(url, { headers: { authorization: "Bearer secret-1", "x-drover-secret": "forged" } });
    const seen = (await response.json()) as Record<string, string>;
    assert.equal(seen["authorization"], undefined);
    assert.equal(seen["x-drover-secret"], "of the worker");
  });

  it("takes on keys from a changed file, and keeps the old ones when the file is unusable", async () => {
    const file = join(folder(), "keys");
    writeFileSync(file, "# team\nteam=first-key\n");
    const { url, balancer, change } = await open((settings) => ({ ...settings, apiKeysFile: file }));
    assert.equal((await fetch(url, withKey("first-key"))).status, 200);
    writeFileSync(file, "team=second-key\n");
    let status = 401;
    for (const endMs = Date.now() + 60_000; status !== 200 && Date.now() < endMs; ) {
      status = (await fetch(url, withKey("second-key"))).status;
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(status, 200);
    assert.equal((await fetch(url, withKey("first-key"))).status, 401);
    assert.throws(
      () => balancer.applySettings({ ...change(defaultSettings()), apiKeysFile: "/nowhere" }),
      /can't be read/,
    );
    assert.equal((await fetch(url, withKey("second-key"))).status, 200);
  });

  it("lets nobody in without a key when the file of the keys is emptied, commented out or zeros, and does not start with such a file", async () => {
    const file = join(folder(), "keys");
    writeFileSync(file, "team=first-key\n");
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const { url, balancer, change } = await open((settings) => ({ ...settings, apiKeysFile: file }), echoHeaders, {
      logger,
    });
    for (const [index, text] of ["\0".repeat(512), "", "# team=first-key\n", "\n\n"].entries()) {
      writeFileSync(file, text);
      await eventually("it is said", () => lines.filter((line) => UNUSABLE.test(line)).length > index);
      assert.equal((await fetch(url)).status, 401);
      assert.equal((await fetch(url, withKey("first-key"))).status, 200);
    }
    const settings = { ...change(defaultSettings()), apiKeysFile: file };
    assert.throws(() => balancer.applySettings(settings), /has no API key/);
    assert.throws(() => balancer.applySettings(defaultSettings()), /no API key any more/);
    // Nobody writes to this pipe, and whoever reads it waits.
    execFileSync("sh", ["-c", 'mkfifo "$0"', `${file}.pipe`]);
    for (const none of [`${file}.pipe`, folder()])
      assert.throws(() => balancer.applySettings({ ...settings, apiKeysFile: none }), /it is no file/);
    chmodSync(file, 0o666);
    assert.throws(() => balancer.applySettings(settings), /everybody can write to it, and so add a key/);
    chmodSync(file, 0o600);
    assert.equal((await fetch(url)).status, 401);
    await assert.rejects(runBalancer({ settings: () => settings }), /has no API key/);
  });

  it("reads labels in any script, and refuses what is no label instead of taking it for a key", async () => {
    const { url } = await open((settings) => ({ ...settings, apiKeys: ["团队=secret-1", "c2VjcmV0IQ=="] }));
    assert.equal((await fetch(url, withKey("secret-1"))).status, 200);
    assert.equal((await fetch(url, withKey("c2VjcmV0IQ=="))).status, 200);
    // The second is what `team=$KEY` is where there is no such variable.
    for (const none of ["my team=secret-1", "team=", "frontend-team="])
      await assert.rejects(
        runBalancer({ settings: (settings) => ({ ...settings, apiKeys: [none] }) }),
        /label, the part before "="/,
      );
  });

  it("limits requests a minute, and requests at a time, for each key", async () => {
    const held: http.ServerResponse[] = [];
    let isHolding = true;
    const { url } = await open(
      (settings) => ({
        ...settings,
        apiKeys: ["one=key-one", "two=key-two"],
        limits: { ...settings.limits, requestsPerMinute: 3, concurrency: 1 },
      }),
      (_request, response) => (isHolding ? held.push(response) : response.end()),
    );
    const first = fetch(url, withKey("key-one"));
    await eventually("it runs", () => held.length === 1);
    const second = await fetch(url, withKey("key-one"));
    assert.equal(second.status, 429);
    assert.equal(((await second.json()) as { error: { code: string } }).error.code, "concurrency_limit_exceeded");
    const other = fetch(url, withKey("key-two"));
    await eventually("the other key's runs", () => held.length === 2);
    for (const response of held) response.end();
    assert.deepEqual([(await first).status, (await other).status], [200, 200]);
    isHolding = false;
    const codes: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const received = await fetch(url, withKey("key-one"));
      codes.push(received.status);
      if (received.status === 429) assert.match(received.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    }
    assert.deepEqual(codes, [200, 200, 429]);
  });

  it("passes on no internal field that an upstream sends", async () => {
    const internal = ["x-drover-response-store", "x-drover-resume", "x-drover-interject", "x-accel-redirect"];
    const { url } = await open(
      (settings) => settings,
      (_request, response) => {
        for (const name of internal) response.setHeader(name, "1");
        response.end();
      },
    );
    const { headers } = await fetch(url);
    assert.deepEqual(
      internal.filter((name) => headers.has(name)),
      [],
    );
  });

  it("counts what is read of stored responses, which no worker sees", async () => {
    const { url } = await open(twoAMinute, echoHeaders, { ownsApi: () => true });
    const read = async (method: string) =>
      (await fetch(`${url}/v1/responses/resp_0`, { ...withKey("key-one"), method })).status;
    assert.deepEqual([await read("GET"), await read("DELETE"), await read("GET")], [404, 404, 429]);
  });

  it("speaks TLS, and takes on a renewed certificate without closing", async () => {
    const at = folder();
    const files = { certificate: join(at, "crt"), key: join(at, "key") };
    const write = (name: "a" | "b"): void => {
      writeFileSync(files.key, testCertificates[name].key);
      writeFileSync(files.certificate, testCertificates[name].certificate);
    };
    write("a");
    const { port, balancer, change } = await open((settings) => ({ ...settings, tls: files }));
    const nameNow = async (): Promise<string> => {
      const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return String(subject.CN);
    };
    assert.equal(await nameNow(), "a.test");
    write("b");
    const { defaultSettings } = await import("@drover/config");
    balancer.applySettings(change(defaultSettings()));
    assert.equal(await nameNow(), "b.test");
  });

  it("answers a page of an allowed origin, its preflight too, and no other", async () => {
    const { url } = await open((settings) => ({
      ...settings,
      apiKeys: ["secret"],
      cors: { origins: ["https://chat.test"] },
    }));
    const headers = { origin: "https://chat.test", "access-control-request-method": "POST" };
    const preflight = await fetch(url, { method: "OPTIONS", headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "https://chat.test");
    const response = await fetch(url, { headers: { origin: "https://chat.test", authorization: "Bearer secret" } });
    assert.equal(response.headers.get("access-control-allow-origin"), "https://chat.test");
    const other = await fetch(url, { headers: { origin: "https://evil.test", authorization: "Bearer secret" } });
    assert.equal(other.headers.get("access-control-allow-origin"), null);
  });

  it("says which pages may read a response once, whoever makes it, and lets no upstream say it", async () => {
    const { port } = await open(
      (settings) => ({
        ...settings,
        maxBody: 5,
        cors: { origins: ["https://a.test"] },
        limits: { ...settings.limits, headerBytes: 4096 },
      }),
      allows,
    );
    const ask = async (origin: string, first: string, rest: string) =>
      (
        await rawExchange(port, `${first} HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nConnection: close\r\n${rest}`)
      ).split("\r\n\r\n")[0] ?? "";
    for (const [status, first, rest] of [
      [200, "GET /", "\r\n"],
      [413, "POST /", "Content-Length: 6\r\n\r\nlarger"],
      [431, "GET /", `x: ${"x".repeat(5000)}\r\n\r\n`],
      [400, "GET /", "no field\r\n\r\n"],
      [400, "GET /", "Host: twice\r\n\r\n"],
    ] as const) {
      const allowed = await ask("https://a.test", first, rest);
      assert.match(allowed, new RegExp(`^HTTP/1.1 ${status} `));
      assert.deepEqual(
        allowed.match(/^access-control-allow-.*$/gim),
        ["Access-Control-Allow-Origin: https://a.test"],
        first + rest,
      );
      assert.equal((await ask("https://b.test", first, rest)).match(/^access-control-allow/gim), null);
    }
  });

  it("answers no 100 to a client of HTTP/1.0", async () => {
    const { port } = await open((settings) => settings);
    const response = await rawExchange(
      port,
      "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
    );
    assert.match(response, /^HTTP\/1\.1 200 /);
  });

  it("believes X-Forwarded-For of a trusted proxy, and drops what anyone else claims", async () => {
    const claimed = { headers: { "x-forwarded-for": "203.0.113.7" } };
    const closed = await open((settings) => settings);
    const forged = (await (await fetch(closed.url, claimed)).json()) as Record<string, string>;
    assert.equal(forged["x-forwarded-for"], "127.0.0.1");
    const trusting = await open((settings) => ({ ...settings, trustedProxies: ["127.0.0.0/8"] }));
    const passed = (await (await fetch(trusting.url, claimed)).json()) as Record<string, string>;
    assert.equal(passed["x-forwarded-for"], "203.0.113.7, 127.0.0.1");
  });

  it("cuts connections over the limit of an address", async () => {
    const { port } = await open((settings) => ({
      ...settings,
      limits: { ...settings.limits, connectionsPerAddress: 2 },
    }));
    const sockets = [1, 2, 3].map(() => net.connect(port, "127.0.0.1"));
    for (const socket of sockets) socket.on("error", () => undefined);
    await eventually(
      "one is cut",
      () => sockets.filter((socket) => socket.destroyed || socket.readableEnded).length === 1,
    );
    for (const socket of sockets) socket.destroy();
  });

  it("tells a streaming client its place in the queue and then its worker, and continues the response in the same stream", async () => {
    const held: http.ServerResponse[] = [];
    const { url, balancer } = await open(
      (settings) => settings,
      (_request, response) => held.push(response),
      { clock: pingingClock },
    );
    const body = JSON.stringify({ stream: true });
    const busy = [1, 2].map(() => fetch(url, { method: "POST", body }));
    await eventually("both places are held", () => held.length === 2);
    const waiting = await fetch(url, { method: "POST", body, headers: { "x-drover-queue-events": "1" } });
    assert.equal(balancer.status().queue.depth, 1);
    for (const response of held) response.end();
    await eventually("it was placed", () => held.length === 3);
    held[2]?.writeHead(200, { "content-type": "text/event-stream" });
    held[2]?.write("data: hello\n\n");
    held[2]?.end("data: [DONE]\n\n");
    assert.equal(await waiting.text(), ": queue 1\n\n: worker w1\n\ndata: hello\n\ndata: [DONE]\n\n");
    await Promise.all(busy);
  });

  it("turns an error after queue events into an event", async () => {
    const held: http.ServerResponse[] = [];
    const { url } = await open(
      (settings) => settings,
      (_request, response) => held.push(response),
      { clock: pingingClock },
    );
    const body = JSON.stringify({ stream: true });
    const busy = [1, 2].map(() => fetch(url, { method: "POST", body }));
    await eventually("both places are held", () => held.length === 2);
    const waiting = await fetch(url, { method: "POST", body, headers: { "x-drover-queue-events": "1" } });
    for (const response of held) response.end();
    await eventually("it was placed", () => held.length === 3);
    held[2]?.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
    assert.equal(
      await waiting.text(),
      ': queue 1\n\n: worker w1\n\nevent: error\ndata: {"error":{"message":"no"}}\n\n',
    );
    await Promise.all(busy);
  });

  it("names the case in that event, as a response without queue events would have", async () => {
    const held: http.ServerResponse[] = [];
    const { url, balancer } = await open(
      (settings) => settings,
      (_request, response) => held.push(response),
      { clock: pingingClock },
    );
    const body = JSON.stringify({ stream: true });
    const busy = [1, 2].map(() => fetch(url, { method: "POST", body }));
    await eventually("both places are held", () => held.length === 2);
    const waiting = await fetch(url, { method: "POST", body, headers: { "x-drover-queue-events": "1" } });
    const closed = balancer.close({ drainTimeoutMs: 60_000 });
    assert.match(await waiting.text(), /^: queue 1\n\nevent: error\ndata: .*"code":"shutting_down"/u);
    for (const response of held) response.end();
    await Promise.all([...busy, closed]);
  });

  it("speaks of errors as Anthropic's API does below /v1/messages, and nowhere else", async () => {
    const { url, balancer } = await open((settings) => ({
      ...settings,
      apiKeys: ["key-1"],
      maxBody: 10,
      queue: { ...settings.queue, limit: 0 },
      limits: { ...settings.limits, requestsPerMinute: 4 },
    }));
    const ask = async (path: string, init: RequestInit = withKey("key-1")) => {
      const response = await fetch(`${url}${path}`, { method: "POST", ...init });
      const { type, error } = (await response.json()) as { type?: string; error: { type: string; message: string } };
      assert.ok(error.message.length > 0);
      return [response.status, type, error.type];
    };
    assert.deepEqual(await ask("/v1/messages", {}), [401, "error", "authentication_error"]);
    assert.deepEqual(await ask("/v1/messages?beta=true", {}), [401, "error", "authentication_error"]);
    assert.deepEqual(await ask("/v1/messagesx", {}), [401, undefined, "proxy_authentication_error"]);
    const large = { ...withKey("key-1"), body: "far too large" };
    assert.deepEqual(await ask("/v1/messages", large), [413, "error", "request_too_large"]);
    assert.deepEqual(await ask("/v1/messages/count_tokens", large), [413, "error", "request_too_large"]);
    balancer.removeUpstream("w1");
    assert.deepEqual(await ask("/v1/messages"), [502, "error", "api_error"]);
    const worker = { id: "w2", origin: "http://127.0.0.1:9", maxConns: 1, owned: true, secret: "s" };
    balancer.addUpstream(worker);
    balancer.setExpected("w2", true);
    assert.deepEqual(await ask("/v1/messages"), [429, "error", "rate_limit_error"]);
    assert.deepEqual(await ask("/v1/messages"), [429, "error", "rate_limit_error"]);
  });

  it("warns when other machines can reach it and no key is set", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
    for (const apiKeys of [[], ["a-key"]]) {
      const { balancer } = await runBalancer({
        settings: (settings) => ({ ...settings, listen: "0.0.0.0:0", apiKeys }),
        options: { logger },
      });
      await balancer.close({ drainTimeoutMs: 0 });
    }
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /no API key is set/);
  });
});

function echoHeaders(request: http.IncomingMessage, response: http.ServerResponse): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(request.headers));
}

function withKey(key: string) {
  return { headers: { authorization: `Bearer ${key}` } };
}

const allows: http.RequestListener = (request, response) => {
  request.resume();
  response.writeHead(200, { "access-control-allow-origin": "*", "access-control-allow-credentials": "true" });
  response.end("of the upstream");
};
