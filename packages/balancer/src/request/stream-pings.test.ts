import assert from "node:assert/strict";
import type http from "node:http";
import { afterEach, describe, it } from "node:test";
import type { Clock } from "@drover/foundation/clock";
import { eventually } from "../test-support/eventually.ts";
import { runBalancer } from "../test-support/run-balancer.ts";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { pingTimes } from "@drover/contract/ping-times";
import { pingingClock, timelessClock } from "../test-support/timeless-clock.ts";
import { httpUpstream } from "../test-support/upstream-server.ts";

const stream = JSON.stringify({ stream: true });
const events = ["data: one\n\n", "data: two\n\n", "data: [DONE]\n\n"];
const streamHead = { "content-type": "text/event-stream" };

/** What a worker says while a prompt is read. */
function interject(response: http.ServerResponse, text: string): void {
  const fields = [
    "content-type: text/event-stream",
    "x-drover-ignored: user",
    `x-drover-interject: ${encodeURIComponent(text)}`,
  ];
  response.socket?.write(`HTTP/1.1 102 Processing\r\n${fields.join("\r\n")}\r\n\r\n`);
}

interface Setup {
  readonly workers?: number;
  readonly pings?: "on" | "off";
  readonly clock?: Clock;
}

describe("A stream that waits", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  async function run(serve: http.RequestListener, { workers = 1, pings = "on", clock = pingingClock }: Setup = {}) {
    const upstreams = await Promise.all(Array.from({ length: workers }, () => httpUpstream(serve)));
    const { balancer, url } = await runBalancer({
      settings: (settings) => ({ ...settings, balancer: { ...settings.balancer, streamPings: pings } }),
      options: { ownsApi: () => true, ...(workers === 1 ? { clock } : {}) },
    });
    closers.push(() => balancer.close({ drainTimeoutMs: 0 }), ...upstreams.map((upstream) => () => upstream.close()));
    upstreams.forEach(({ origin }, index) => {
      balancer.addUpstream({ id: `w${index}`, origin, maxConns: 1, owned: true });
      balancer.setReady(`w${index}`, true);
    });
    const post = (body: string, path = "/v1/chat/completions") => fetch(`${url}${path}`, { method: "POST", body });
    return { balancer, post };
  }

  /** One request holds the only slot, and others come. */
  async function queue(options: Setup = {}) {
    const held: http.ServerResponse[] = [];
    const { balancer, post } = await run((_request, response) => held.push(response), options);
    const first = post(stream);
    await eventually("the slot is held", () => held.length === 1);
    return { balancer, post, held, first };
  }

  it("in the queue has its head and its place at once, and its errors as events", async () => {
    const { post, held, first } = await queue();
    const waiting = await post(stream);
    assert.equal(waiting.headers.get("content-type"), "text/event-stream");
    held[0]?.end();
    await eventually("it was placed", () => held.length === 2);
    held[1]?.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
    const error = 'event: error\ndata: {"error":{"message":"no"}}\n\n';
    assert.equal(await waiting.text(), `: queue 1\n\n: worker w0\n\n${error}`);
    await first;
  });

  it("so shortly that no comment is due has its worker's status and head", async () => {
    const { post, held, first, balancer } = await queue({ clock: timelessClock });
    const waiting = post(stream);
    await eventually("it waits", () => balancer.status().queue.depth === 1);
    held[0]?.end();
    await eventually("it was placed", () => held.length === 2);
    held[1]?.writeHead(422).end("no");
    const response = await waiting;
    assert.deepEqual(
      [response.status, response.headers.get("x-drover-worker"), await response.text()],
      [422, "w0", "no"],
    );
    await first;
  });

  it("is told its position as it is when a comment is due, and nothing between two of them", async () => {
    const clock = createManualClock();
    const { post, held, first, balancer } = await queue({ clock });
    const before = post(stream);
    await eventually("one waits", () => balancer.status().queue.depth === 1);
    const waiting = post(stream);
    await eventually("both wait", () => balancer.status().queue.depth === 2);
    clock.advance(pingTimes.delayMs);
    held[0]?.end();
    await eventually("the first of them was placed", () => held.length === 2);
    clock.advance(pingTimes.periodMs);
    held[1]?.end();
    await eventually("the other one was placed", () => held.length === 3);
    held[2]?.writeHead(200, streamHead).end(events.join(""));
    assert.equal(await (await waiting).text(), `: queue 2\n\n: queue 1\n\n: worker w0\n\n${events.join("")}`);
    await Promise.all([first, before]);
  });

  it("in the queue is told once what was ignored of it, as the head can't say it any more", async () => {
    const { post, held, first } = await queue();
    const waiting = await post(stream);
    held[0]?.end();
    await eventually("it was placed", () => held.length === 2);
    const worker = held[1] ?? assert.fail();
    interject(worker, ": prompt 0/9\n\n");
    worker.writeHead(200, { ...streamHead, "x-drover-ignored": "user" }).end(events.join(""));
    assert.equal(
      await waiting.text(),
      `: queue 1\n\n: worker w0\n\n: ignored user\n\n: prompt 0/9\n\n${events.join("")}`,
    );
    assert.equal((await first).headers.get("x-drover-ignored"), null);
  });

  it("is told nothing where its response is none of events, or is to be complete: that keeps its status", async () => {
    const bodies = [
      ["/v1/chat/completions", '{"tools":[{"stream":true}]}'],
      ["/v1/chat/completions", "{}"],
      ["/api/chat", '{"stream":false}'],
      ["/v1/embeddings", stream],
    ] as const;
    for (const [path, body] of bodies) {
      const { balancer, post, held, first } = await queue();
      const waiting = post(body, path);
      await eventually("it waits", () => balancer.status().queue.depth === 1);
      held[0]?.end();
      await eventually("it was placed", () => held.length === 2);
      held[1]?.writeHead(422).end("no");
      assert.equal((await waiting).status, 422, body);
      await first;
    }
  });

  it("of lines of JSON, which Ollama's client has unless it asks for one piece, has blanks before a line, and errors as lines", async () => {
    const linesHead = { "content-type": "application/x-ndjson" };
    const ends: readonly (readonly [(response: http.ServerResponse) => unknown, RegExp])[] = [
      [
        (response) => response.writeHead(200, linesHead).end('{"a":1}\n{"done":true}\n'),
        /^ {2,}\{"a":1\}\n\{"done":true\}\n$/,
      ],
      [
        (response) => response.writeHead(400, { "content-type": "application/json" }).end('{"error":"no"}'),
        /^ {2,}\{"error":"no"\}$/,
      ],
      [
        (response) => {
          response.writeHead(200, linesHead).write('{"a":1}\n');
          response.write("", () => setImmediate(() => response.destroy()));
        },
        /^ {2,}\{"a":1\}\n\{"error":"[^"]+"\}\n$/,
      ],
    ];
    for (const [end, expected] of ends) {
      const { post, held, first } = await queue();
      const waiting = await post("{}", "/api/chat");
      assert.equal(waiting.headers.get("content-type"), "application/x-ndjson");
      held[0]?.end();
      await eventually("it was placed", () => held.length === 2);
      const worker = held[1] ?? assert.fail();
      interject(worker, " ");
      end(worker);
      assert.match(await waiting.text(), expected);
      await first;
    }
  });

  it("with pings off is told nothing, and its worker is asked for none", async () => {
    const { post, held, first, balancer } = await queue({ pings: "off" });
    const waiting = post(stream);
    await eventually("it waits", () => balancer.status().queue.depth === 1);
    held[0]?.end();
    await eventually("it was placed", () => held.length === 2);
    assert.equal(held[1]?.req.headers["x-drover-interject"], "asked");
    held[1].writeHead(400).end("no");
    assert.equal((await waiting).status, 400);
    await first;
  });

  it("for its prompt has its worker's head at once, with what the worker says beside the body", async () => {
    const held: http.ServerResponse[] = [];
    const { post } = await run((_request, response) => {
      held.push(response);
      interject(response, ": prompt 0/9\n\n");
    });
    const response = await post(stream);
    assert.equal(response.headers.get("x-drover-worker"), "w0");
    assert.equal(response.headers.get("x-drover-ignored"), "user");
    assert.equal(response.headers.get("x-drover-interject"), null);
    const [worker] = held;
    assert.equal(worker?.req.headers["x-drover-interject"], "pings");
    interject(worker, 'data: {"prompt_progress":{}}\n\n');
    worker.writeHead(200, streamHead).end(events.join(""));
    assert.equal(await response.text(), `: prompt 0/9\n\ndata: {"prompt_progress":{}}\n\n${events.join("")}`);
  });

  it("for its prompt has errors as events", async () => {
    const { post } = await run((_request, response) => {
      interject(response, ": prompt 0/9\n\n");
      response.writeHead(500, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
    });
    const response = await post(stream);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), ': prompt 0/9\n\nevent: error\ndata: {"error":{"message":"no"}}\n\n');
  });

  it("is resumed behind its events alone: comments are no part of the body", async () => {
    const asked: string[] = [];
    const serve: http.RequestListener = (request, response) => {
      const [, sent] = String(request.headers["x-drover-resume"]).split(" ");
      asked.push(sent ?? "");
      interject(response, `: prompt ${asked.length}/9\n\n`);
      response.writeHead(200, { ...streamHead, "x-drover-resume": String(sent) });
      if (asked.length > 1) {
        response.end(events.join("").slice(Number(sent)));
        return;
      }
      response.write(events[0]);
      response.write("", () => setImmediate(() => response.destroy()));
    };
    const { post } = await run(serve, { workers: 2 });
    const text = await (await post(stream)).text();
    assert.deepEqual(asked, ["0", String(Buffer.byteLength(events[0] ?? ""))]);
    assert.match(
      text,
      /^: prompt 1\/9\n\ndata: one\n\n: resumed w\d\n\n: prompt 2\/9\n\ndata: two\n\ndata: \[DONE\]\n\n$/,
    );
  });
});
