import assert from "node:assert/strict";
import type http from "node:http";
import { afterEach, describe, it } from "node:test";
import { eventually } from "../test-support/eventually.ts";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { httpUpstream } from "../test-support/upstream-server.ts";

/** What a worker does with a request whose stream broke off. */
type Successor = (sentBytes: number, response: http.ServerResponse) => void;

const events = ["data: one\n\n", "data: two\n\n", "data: drei 三\n\n", "data: [DONE]\n\n"];
const whole = events.join("");
const head = { "content-type": "text/event-stream" };

const post = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/chat/completions`, { method: "POST", body: "{}", headers });

const rest: Successor = (sentBytes, response) => {
  response.writeHead(200, { ...head, "x-drover-resume": String(sentBytes) });
  response.end(Buffer.from(whole).subarray(sentBytes));
};

const headText =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-drover-resume: 0\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("a stream whose worker dies", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  /** Two workers; whichever is asked first dies after `most` events, or in the middle of one, or responds with broken framing at once. */
  async function run(
    successor: Successor,
    { most = 2, isJournaled = true, tears = false, garbles = false, said = events, type = head } = {},
  ) {
    const asked: string[] = [];
    const serve: http.RequestListener = (request, response) => {
      const [key = "", sent] = String(request.headers["x-drover-resume"]).split(" ");
      asked.push(key);
      if (asked.length > 1) return successor(Number(sent), response);
      if (garbles) {
        response.socket?.write(`${headText}b\r\n${events[0]}\r\nno size\r\n`);
        return;
      }
      response.writeHead(200, isJournaled ? { ...type, "x-drover-resume": "0" } : type);
      for (const event of said.slice(0, most)) response.write(event);
      if (tears) response.socket?.write("20\r\ndata: th");
      // Not before its bytes are on their way.
      response.write("", () => setImmediate(() => response.destroy()));
    };
    const upstreams = [await httpUpstream(serve), await httpUpstream(serve)];
    const { balancer, port, url } = await runBalancer();
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }), ...upstreams.map((upstream) => () => upstream.close()));
    upstreams.forEach(({ origin }, index) => {
      balancer.addUpstream({ id: `w${index}`, origin, maxConns: 1, owned: true });
      balancer.setReady(`w${index}`, true);
    });
    return { asked, balancer, port, url };
  }

  it("comes whole from another one, which is told what the client has", async () => {
    for (const most of [1, 2, 3, 4]) {
      const { url, asked } = await run(rest, { most });
      const response = await post(url, { "x-drover-resume": "forged 7" });
      assert.equal(await response.text(), whole);
      assert.equal(response.headers.get("x-drover-resume"), null);
      assert.equal(asked.length, 2);
      assert.match(asked[0] ?? "", /^[0-9a-f-]{36}$/);
      assert.equal(asked[1], asked[0]);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.match(metrics, /^drover_resumed_streams_total 1$/m);
    }
  });

  it("is lines of JSON where it is Ollama's, and ends with a line of an error where nobody can resume it", async () => {
    const lines = ['{"a":1}\n', '{"a":2}\n', '{"done":true}\n'];
    const linesHead = { "content-type": "application/x-ndjson" };
    const successor: Successor = (sentBytes, response) => {
      response.writeHead(200, { ...linesHead, "x-drover-resume": String(sentBytes) });
      response.end(lines.join("").slice(sentBytes));
    };
    for (const isJournaled of [true, false]) {
      const { url } = await run(successor, { most: 1, isJournaled, said: lines, type: linesHead });
      const text = await (await fetch(`${url}/api/chat`, { method: "POST", body: "{}" })).text();
      if (isJournaled) assert.equal(text, lines.join(""));
      else assert.match(text, /^\{"a":1\}\n\{"error":"[^"]+"\}\n$/);
    }
  });

  it("reaches a client of HTTP/1.0 too, and one that cannot take chunks never sees a half event", async () => {
    const { port } = await run(rest, { tears: true });
    const seen = await rawExchange(port, "POST / HTTP/1.0\r\ncontent-length: 0\r\nhost: a\r\n\r\n");
    assert.ok(seen.endsWith(`\r\n\r\n${Buffer.from(whole).toString("latin1")}`), seen);
  });

  it("drops the event that was torn, and takes it whole from the other", async () => {
    const { url } = await run(rest, { tears: true });
    assert.equal(await (await post(url)).text(), whole);
  });

  it("is seen as far as it came while the other one takes its time", async () => {
    let goOn: (() => void) | undefined;
    const { url } = await run((sentBytes, response) => (goOn = () => rest(sentBytes, response)), { garbles: true });
    const received = await post(url);
    let text = "";
    for await (const part of received.body ?? []) {
      text += Buffer.from(part as Uint8Array).toString();
      if (text !== events[0]) continue;
      await eventually("another one is asked", () => goOn !== undefined);
      goOn?.();
    }
    assert.equal(text, whole);
  });

  const failures: Readonly<Record<string, Successor>> = {
    "knows nothing of it": (_sent, response) => response.writeHead(409).end("{}"),
    "begins anew": (_sent, response) => response.writeHead(200, head).end(whole),
    "goes on from elsewhere": (sent, response) =>
      response.writeHead(200, { ...head, "x-drover-resume": String(sent + 1) }).end(whole),
    "is no event stream": (sent, response) => response.writeHead(200, { "x-drover-resume": String(sent) }).end("{}"),
    "refuses to answer": (_sent, response) => response.destroy(),
  };
  for (const [name, successor] of Object.entries(failures)) {
    it(`ends with an error event where the other one ${name}`, async () => {
      const { url } = await run(successor);
      const text = await (await post(url)).text();
      assert.ok(text.startsWith(events.slice(0, 2).join("")), text);
      assert.match(text.slice(events.slice(0, 2).join("").length), /^event: error\ndata: \{.*"upstream_died".*\}\n\n$/);
    });
  }

  it("ends with an error event where its worker does not write its responses down", async () => {
    const { url, asked } = await run(rest, { isJournaled: false });
    assert.match(await (await post(url)).text(), /two\n\nevent: error\ndata: /);
    assert.equal(asked.length, 1);
  });

  it("is not gone on with for a client that has left, and holds no place", async () => {
    let taken: http.ServerResponse | undefined;
    const { url, balancer } = await run((sentBytes, response) => {
      response.writeHead(200, { ...head, "x-drover-resume": String(sentBytes) }).flushHeaders();
      taken = response;
    });
    const leaving = new AbortController();
    const received = await fetch(url, { method: "POST", body: "{}", signal: leaving.signal });
    await eventually("another one has it", () => taken !== undefined);
    leaving.abort();
    await received.text().catch(() => undefined);
    await eventually("its worker is told", () => taken?.destroyed === true);
    await eventually("no place is held", () => balancer.status().upstreams.every(({ active }) => active === 0));
  });
});
