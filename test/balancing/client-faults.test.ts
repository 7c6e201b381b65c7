import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../support/until.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RunningBalancer, startBalancer, statusOf } from "../support/running-balancer.ts";
import { ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const head = "POST /v1/chat/completions HTTP/1.1\r\nHost: drover\r\n";

/** Requests that two parsers may read differently: each is refused, and no upstream ever sees a byte of it. */
const ambiguous: Readonly<Record<string, string>> = {
  "Content-Length beside Transfer-Encoding (CL.TE)": `${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
  "Transfer-Encoding beside Content-Length (TE.CL)": `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n`,
  "an empty Transfer-Encoding beside Content-Length": `${head}Transfer-Encoding: \r\nContent-Length: 3\r\n\r\nabc`,
  "two different Content-Lengths": `${head}Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde`,
  "two equal Content-Lengths": `${head}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
  "a list of Content-Lengths": `${head}Content-Length: 3, 3\r\n\r\nabc`,
  "a signed Content-Length": `${head}Content-Length: +3\r\n\r\nabc`,
  "a negative Content-Length": `${head}Content-Length: -1\r\n\r\n`,
  "a hexadecimal Content-Length": `${head}Content-Length: 0x3\r\n\r\nabc`,
  "chunked that is not the last coding": `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  "chunked twice": `${head}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  "a Transfer-Encoding in HTTP/1.0": `${head.replace("1.1", "1.0")}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "two Transfer-Encoding fields": `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  "bare LF between fields": "POST / HTTP/1.1\nHost: drover\nContent-Length: 0\n\n",
  "one bare LF among CRLFs": `${head}X-A: 1\nX-B: 2\r\nContent-Length: 0\r\n\r\n`,
  "a bare CR in a value": `${head}X-A: 1\rX-B: 2\r\nContent-Length: 0\r\n\r\n`,
  "a folded field (obs-fold)": `${head}X-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n`,
  "a folded first field": "POST / HTTP/1.1\r\n Host: drover\r\nContent-Length: 0\r\n\r\n",
  "NUL in a value": `${head}X-A: a\0b\r\nContent-Length: 0\r\n\r\n`,
  "NUL in a name": `${head}X\0A: 1\r\nContent-Length: 0\r\n\r\n`,
  "a space before the colon": `${head}Content-Length : 3\r\n\r\nabc`,
  "an empty field name": `${head}: 3\r\nContent-Length: 0\r\n\r\n`,
  "a field without a colon": `${head}nonsense\r\nContent-Length: 0\r\n\r\n`,
  "no Host": "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
  "two Hosts": "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
  "an empty Host": "POST / HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n",
  "a Host of two words": "POST / HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n",
  "a path for a Host": "POST / HTTP/1.1\r\nHost: a/b\r\nContent-Length: 0\r\n\r\n",
  "a Host with an empty label": "POST / HTTP/1.1\r\nHost: a..b\r\nContent-Length: 0\r\n\r\n",
  "a Host with a port that is no number": "POST / HTTP/1.1\r\nHost: a:8x\r\nContent-Length: 0\r\n\r\n",
  "a version that does not exist": "POST / HTTP/9.9\r\nHost: a\r\n\r\n",
  "no version": "POST /\r\nHost: a\r\n\r\n",
  "TLS on the plain port": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "a chunk size that is no number": `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
  "a chunk longer than its size": `${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n`,
  "a chunk size of more than 64 bits": `${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff1\r\nabc\r\n0\r\n\r\n`,
};

const tooLarge: Readonly<Record<string, string>> = {
  "a header line of 64 KiB": `${head}X-A: ${"a".repeat(65_536)}\r\nContent-Length: 0\r\n\r\n`,
  "10,000 header fields": `${head}${"a: b\r\n".repeat(10_000)}Content-Length: 0\r\n\r\n`,
  "a request line of 64 KiB": `GET /${"a".repeat(65_536)} HTTP/1.1\r\nHost: drover\r\n\r\n`,
};

describe("a balancer and what clients send", () => {
  const upstream = new ScriptedUpstream("a", () => ok("{}"));
  let running: RunningBalancer;

  before(async () => {
    running = await startBalancer([await upstream.listen()]);
  });

  after(async () => {
    await running.balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });

  async function refusal(bytes: string): Promise<number> {
    upstream.reset();
    const client = new RawClient(running.port);
    client.write(bytes);
    const { line, body } = await client.read("POST");
    assert.equal(await client.isClosed(), true, "the connection stays open");
    assert.match(body, /^\{"error":\{"message":/, "it is no error envelope");
    assert.deepEqual(upstream.seen, [], "an upstream saw it");
    await until(() => running.leases() === 0, "its lease is released");
    return Number(line.split(" ")[1]);
  }

  for (const [name, bytes] of Object.entries(ambiguous)) {
    it(`answers 400 to ${name}, closes, and tells no upstream`, async () => {
      assert.equal(await refusal(bytes), 400);
    });
  }

  for (const [name, bytes] of Object.entries(tooLarge)) {
    it(`answers 431 to ${name}, closes, and tells no upstream`, async () => {
      assert.equal(await refusal(bytes), 431);
    });
  }

  it("answers 413 to a body that says it is over the limit, before it was sent", async () => {
    assert.equal(await refusal(`${head}Content-Length: 10485761\r\n\r\n`), 413);
  });

  it("answers 413 to a chunked body once it is over the limit", async () => {
    const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    assert.equal(await refusal(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(11)}`), 413);
  });

  it("reads a request that comes byte by byte", async () => {
    upstream.reset();
    const client = new RawClient(running.port);
    for (const byte of `${head}Content-Length: 2\r\n\r\n{}`) client.write(byte);
    assert.equal(await statusOf(client), 200);
    assert.equal(upstream.seen.length, 1);
    client.destroy();
  });

  it("answers 501 to a body in an unknown coding, also before it is in chunks: it would be read as if it were in none", async () => {
    for (const codings of ["gzip, chunked", "identity, chunked", "xchunked"])
      assert.equal(await refusal(`${head}Transfer-Encoding: ${codings}\r\n\r\n0\r\n\r\n`), 501);
  });

  it("answers 505 to HTTP/2.0 spoken as HTTP/1.1", async () => {
    assert.equal(await refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  });

  for (const [name, body] of [
    ["GET", ""],
    ["POST", "a body"],
  ]) {
    it(`serves a ${name} that offers another protocol than WebSocket as if it did not`, async () => {
      upstream.reset();
      const client = new RawClient(running.port);
      const offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
      const text = `${name} /h HTTP/1.1\r\nHost: drover\r\n${offer}Content-Length: ${body?.length}\r\n\r\n`;
      client.write(text + body);
      assert.equal(await statusOf(client), 200);
      client.write(text + body);
      assert.equal(await statusOf(client), 200);
      client.destroy();
      assert.deepEqual(
        upstream.seen.map((seen) => [seen.line, seen.body]),
        Array.from({ length: 2 }, () => [`${name} /h HTTP/1.1`, body]),
      );
    });
  }

  it("answers a request that offers another protocol behind those that were pipelined before it", async () => {
    const late = new ScriptedUpstream("late", ({ line }) => ({
      ...ok(line.split(" ")[1] ?? ""),
      held: line.includes("/late"),
    }));
    const other = await startBalancer([await late.listen()]);
    for (const protocol of ["h2c", "websocket"]) {
      late.reset();
      const client = new RawClient(other.port);
      client.write("GET /late HTTP/1.1\r\nHost: drover\r\n\r\n");
      client.write(`GET /offer HTTP/1.1\r\nHost: drover\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
      await until(() => late.seen.length === 1, "the first is there");
      late.release();
      assert.equal((await client.read("GET")).body, "/late");
      assert.equal((await client.read("GET")).body, "/offer");
      client.destroy();
    }
    await other.balancer.close({ drainTimeoutMs: 0 });
    await late.close();
  });

  it("takes a target in absolute form for its path, and its host for the Host", async () => {
    upstream.reset();
    const client = new RawClient(running.port);
    client.write("GET http://named.test/v1/models?x=1 HTTP/1.1\r\nHost: other.test\r\n\r\n");
    assert.equal(await statusOf(client, "GET"), 200);
    client.write("GET HTTP://named.test/live HTTP/1.1\r\nHost: other.test\r\n\r\n");
    assert.equal((await client.read("GET")).body, '{"status":"ok"}');
    client.destroy();
    const [seen] = upstream.seen;
    assert.equal(seen?.line, "GET /v1/models?x=1 HTTP/1.1");
    assert.ok(seen?.fields.includes("Host: named.test"), seen?.fields.join("\n"));
  });

  it("keeps Host, whatever Connection names", async () => {
    upstream.reset();
    const client = new RawClient(running.port);
    client.write(`${head}Connection: host, x-mine\r\nX-Mine: 1\r\nContent-Length: 0\r\n\r\n`);
    assert.equal(await statusOf(client), 200);
    client.destroy();
    const names = upstream.seen[0]?.fields.map((field) => field.split(":")[0]?.toLowerCase());
    assert.deepEqual([names?.includes("host"), names?.includes("x-mine")], [true, false]);
  });

  it("serves one request of a connection at a time, however many are pipelined, and reads no more than a few ahead", async () => {
    const silent = new ScriptedUpstream("silent", () => ({ kind: "silence" }));
    const other = await startBalancer([await silent.listen()]);
    const one = `${head}Content-Length: 2\r\n\r\n{}`;
    const client = new RawClient(other.port);
    client.write(one.repeat(20));
    await until(() => silent.seen.length === 1, "the first is there");
    client.destroy();
    await until(() => other.leases() === 0, "no lease is held");
    const flood = new RawClient(other.port);
    flood.write(one.repeat(200_000));
    await until(() => silent.seen.length === 2, "the first is there");
    const beside = new RawClient(other.port);
    beside.write(one);
    await until(() => silent.seen.length === 3, "another client's is there");
    assert.equal(other.leases(), 2);
    assert.ok(flood.waiting > 0, "all was read");
    flood.destroy();
    beside.destroy();
    await other.balancer.close({ drainTimeoutMs: 0 });
    await silent.close();
    assert.equal(silent.seen.length, 3);
  });

  it("answers pipelined requests in their order", async () => {
    upstream.reset();
    const client = new RawClient(running.port);
    client.write(`${head}Content-Length: 2\r\n\r\n{}`.repeat(5));
    for (let count = 0; count < 5; count += 1) assert.equal(await statusOf(client), 200);
    client.destroy();
  });

  it("counts every kind of refusal and status from 0, so that the first one is a growth", async () => {
    const fresh = await startBalancer([]);
    const [atStart, now] = await Promise.all([errorSeries(fresh), errorSeries(running)]);
    await fresh.balancer.close({ drainTimeoutMs: 0 });
    assert.ok(now.includes('drover_refusals_total{reason="bad_request"}'), now.join("\n"));
    assert.deepEqual(
      now.filter((series) => !atStart.includes(series)),
      [],
    );
  });
});

async function errorSeries({ port }: RunningBalancer): Promise<readonly string[]> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return metrics.match(/^drover_(?:refusals|requests)_total\{.*?\}/gm) ?? [];
}

describe("a balancer whose clients reset their connection", () => {
  const body = `{"stream":true}`;
  const request = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const begun =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";

  for (const cut of [1, 10, head.length - 1, head.length + 12, request.length - body.length, request.length - 1]) {
    it(`holds nothing after a reset behind byte ${cut} of a request`, async () => {
      const upstream = new ScriptedUpstream("a", () => ok("{}"));
      const running = await startBalancer([await upstream.listen()]);
      const client = new RawClient(running.port);
      await client.reset(request.slice(0, cut));
      const next = new RawClient(running.port);
      next.write(request);
      assert.equal(await statusOf(next), 200);
      next.destroy();
      assert.equal(upstream.seen.length, 1, "the broken request came through");
      await until(() => running.leases() === 0, "every lease is released");
      await running.balancer.close({ drainTimeoutMs: 0 });
      await upstream.close();
    });
  }

  for (const [moment, response] of Object.entries({
    "while the upstream is silent": { kind: "silence" },
    "in the middle of a stream": { kind: "send", text: begun },
  } as const)) {
    it(`closes the upstream's connection and releases the lease on a reset ${moment}`, async () => {
      const upstream = new ScriptedUpstream("a", () => response);
      const running = await startBalancer([await upstream.listen()]);
      const client = new RawClient(running.port);
      client.write(request);
      await until(() => upstream.seen.length === 1, "the upstream has the request");
      if (response.kind === "send") await client.bytes(begun.length);
      assert.equal(running.leases(), 1);
      await client.reset("");
      await until(() => running.leases() === 0, "the lease is released");
      await until(() => upstream.open === 0, "the upstream's connection is closed");
      await running.balancer.close({ drainTimeoutMs: 0 });
      await upstream.close();
    });
  }
});
