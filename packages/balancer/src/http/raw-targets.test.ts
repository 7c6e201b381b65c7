import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Settings } from "@drover/config";
import { systemClock } from "@drover/foundation/clock";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { httpUpstream } from "../test-support/upstream-server.ts";
import { encodedRequest } from "./raw-targets.ts";

const SLOW_MS = 400;

/** A balancer before a server that says what it was asked for, and its body. */
async function run(t: TestContext, change: (settings: Settings) => Settings = (settings) => settings) {
  const upstream = await httpUpstream((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const delayMs = request.url?.startsWith("/slow") === true ? SLOW_MS : 0;
      const text = `${request.method} ${request.url} ${Buffer.concat(parts).toString()}END`;
      systemClock.after(delayMs, () => response.end(text));
    });
  });
  const { balancer, port } = await runBalancer({
    settings: (settings) => change({ ...settings, balancer: { ...settings.balancer, upstreams: [upstream.origin] } }),
  });
  t.after(async () => {
    await balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });
  return { port, upstream };
}

/** UTF-8 as the bytes of a latin1 text. */
const raw = (text: string): string => Buffer.from(text).toString("latin1");
const host = "Host: a";

/** A connection on which requests are sent one after the other, each once the response before it is complete. */
function connection(t: TestContext, port: number): (request: string, bytewise?: "bytewise") => Promise<string> {
  const client = net.connect(port, "127.0.0.1").setEncoding("utf8").setNoDelay();
  t.after(() => client.destroy());
  return (request, bytewise) =>
    new Promise((resolve) => {
      let seen = "";
      const onData = (text: string): void => {
        seen += text;
        const body = seen.split("\r\n\r\n")[1] ?? "";
        if (!body.includes("END")) return;
        client.off("data", onData);
        resolve(body.slice(0, body.indexOf("END")));
      };
      client.on("data", onData);
      void send(client, request, bytewise);
    });
}

/** `bytewise`: each byte is read by the server, which is in this process, before the next one is sent. */
async function send(client: net.Socket, request: string, bytewise?: "bytewise"): Promise<void> {
  for (const part of bytewise === undefined ? [request] : request) {
    client.write(part, "latin1");
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  }
}

describe("a request whose target is UTF-8 that nobody encoded", () => {
  it("is served with its target encoded, as are those before and behind it on the connection", async (t) => {
    const { port } = await run(t);
    const ask = connection(t, port);
    const body = `x\nGET /${raw("é")}`;
    const first = `POST /plain HTTP/1.1\r\n${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    assert.equal(await ask(first), "POST /plain x\nGET /é");
    const target = "/%E6%A8%A1%E5%9E%8B?q=gr%C3%B6%C3%9Fe";
    assert.equal(await ask(`GET ${raw("/模型?q=größe")} HTTP/1.1\r\n${host}\r\n\r\n`), `GET ${target} `);
    const post = `POST ${raw("/é")} HTTP/1.1\r\n${host}\r\nContent-Length: 3\r\n\r\nabc`;
    assert.equal(await ask(post), "POST /%C3%A9 abc");
    assert.equal(await ask(`GET /%C3%A9 HTTP/1.1\r\n${host}\r\n\r\n`), "GET /%C3%A9 ");
  });

  it("counts as a head that was read, and not as one that never ends", async (t) => {
    const { port } = await run(t, (settings) => ({
      ...settings,
      limits: { ...settings.limits, headerTimeout: 200, bodyTimeout: 200 },
    }));
    const ask = connection(t, port);
    assert.equal(await ask(`GET ${raw("/é")} HTTP/1.1\r\n${host}\r\n\r\n`), "GET /%C3%A9 ");
    // This head began later: once it is called late, the other one would have been too.
    assert.match(await rawExchange(port, "GET /never"), /^HTTP\/1\.1 408 /);
    assert.equal(await ask(`GET /still-open HTTP/1.1\r\n${host}\r\n\r\n`), "GET /still-open ");
  });

  it("is served in turn behind a request that is still running, and so are those behind it", async (t) => {
    const { port } = await run(t);
    const end = `HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`;
    const keep = `HTTP/1.1\r\n${host}\r\n\r\n`;
    const offer = `HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`;
    const all = `GET /1 ${keep}GET ${raw("/é")} ${keep}GET /2 ${offer}GET ${raw("/ü")} ${keep}GET /3 ${end}`;
    const seen = (await rawExchange(port, all)).match(/GET \S+ END/g)?.map((text) => text.split(" ")[1]);
    assert.deepEqual(seen, ["/1", "/%C3%A9", "/2", "/%C3%BC", "/3"]);
  });

  it("is served in turn beside requests that have a body and offer another protocol", async (t) => {
    const { port } = await run(t);
    const offer = (target: string) =>
      `POST ${target} HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\na\r\n`;
    const keep = `HTTP/1.1\r\n${host}\r\n\r\n`;
    const all = `GET /slow ${keep}${offer("/1")}GET ${raw("/é")} ${keep}${offer("/slow-2")}${offer("/3")}`;
    const seen = (await rawExchange(port, `${all}GET /4 HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`))
      .match(/(?:GET|POST) \S+ (?:a\r\n)?END/g)
      ?.map((text) => text.split(" ")[1]);
    assert.deepEqual(seen, ["/slow", "/1", "/%C3%A9", "/slow-2", "/3", "/4"]);
  });

  it("is served behind a body that ends in no line feed, in one packet and in any two", async (t) => {
    const { port } = await run(t);
    const body = 'x GET /a\nGET /{"é';
    const first = `POST /1 HTTP/1.1\r\n${host}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${raw(body)}`;
    const second = `PUT /${raw("é?ü")} HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
    const all = first + second;
    for (let cut = first.length - 3; cut <= first.length + "PUT /é?ü".length; cut++) {
      const client = net.connect(port, "127.0.0.1").setEncoding("utf8").setNoDelay();
      await send(client, all.slice(0, cut));
      client.write(all.slice(cut), "latin1");
      const seen = (await client.toArray()).join("").match(/(?:POST|PUT) [^]*?END/g);
      assert.deepEqual(seen, [`POST /1 ${body}END`, "PUT /%C3%A9?%C3%BC {}END"], `cut at ${cut}`);
    }
  });

  it("is served when its head comes byte by byte, behind a body too, and refused where that takes too many packets", async (t) => {
    const { port } = await run(t);
    const ask = connection(t, port);
    const end = ` HTTP/1.1\r\n${host}\r\n\r\n`;
    assert.equal(await ask(`GET /a${raw("éb")}${end}`, "bytewise"), "GET /a%C3%A9b ");
    assert.equal(await ask(`POST /b HTTP/1.1\r\n${host}\r\nContent-Length: 3\r\n\r\n{1}`), "POST /b {1}");
    assert.equal(
      await ask(`POST /${raw("é")} HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\n\r\nab`, "bytewise"),
      "POST /%C3%A9 ab",
    );
    const client = net.connect(port, "127.0.0.1").setNoDelay();
    const refused = once(client, "data");
    await send(client, `GET /${raw("é".repeat(9))}${end}`, "bytewise");
    assert.match(String((await refused)[0]), /^HTTP\/1\.1 400 /);
    client.destroy();
  });

  it("may take longer than a connection may be idle, as may one behind a request that offers another protocol", async (t) => {
    const { port } = await run(t, (settings) => ({
      ...settings,
      limits: { ...settings.limits, idleTimeout: SLOW_MS / 4 },
    }));
    const offer = `GET /offer HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`;
    for (const [first, second] of [
      [`GET /first HTTP/1.1\r\n${host}\r\n\r\n`, "/slow-é"],
      [offer, "/slow"],
    ] as const) {
      const ask = connection(t, port);
      await ask(first);
      assert.match(await ask(`GET ${raw(second)} HTTP/1.1\r\n${host}\r\n\r\n`), /^GET \/slow/);
    }
  });

  it("is refused in words where its beginning is not certain, and then nobody is asked", async (t) => {
    const { port, upstream } = await run(t);
    const refusal = /^HTTP\/1\.1 400 [^]*percent-encode it/;
    for (const line of [`PATCH ${raw("/é")}`, "GET /a\u0001"])
      assert.match(await rawExchange(port, `${line} HTTP/1.1\r\n${host}\r\n\r\n`), refusal, line);
    assert.equal(upstream.seen(), 0);
  });
});

/** What is read once more of a packet in which the parser stopped between these. */
function found(before: string, target: string, after = " HTTP/1.1\r\n\r\n"): string | undefined {
  const packet = Buffer.from(`${before}${target}${after}`, "latin1");
  return encodedRequest(packet, before.length)?.toString("latin1");
}

describe("what is read once more", () => {
  it("begins with the request, whatever its packet has before", () => {
    assert.equal(found("GET /", "\xe9"), "GET /%E9 HTTP/1.1\r\n\r\n");
    assert.equal(found("GET / HTTP/1.1\r\n\r\nHEAD /a", "\xe9"), "HEAD /a%E9 HTTP/1.1\r\n\r\n");
  });

  it("begins with the request behind a body that has no line end, and text of a request in it", () => {
    for (const body of ["abc", "x\nGET /", "GET /a ", "GET", "PU", "\xe9GET \xe9 "]) {
      assert.equal(found(`${body}POST /`, "\xe9"), "POST /%E9 HTTP/1.1\r\n\r\n", body);
      assert.equal(found(`${body}GET  `, "\xe9"), "GET  %E9 HTTP/1.1\r\n\r\n", body);
    }
  });

  it("is nothing where the request's method is unknown or ambiguous, or came before", () => {
    for (const before of ["/", "T /", "PROPPATCH /", "UNLOCK /", "LOCK /", "GET /a /", "GET /\n", " /", ""])
      assert.equal(found(before, "\xe9"), undefined, before);
    assert.equal(found("GET /", "\x01"), undefined);
  });
});
