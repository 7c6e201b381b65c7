import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../support/until.ts";
import { RawClient, type SeenResponse } from "../support/raw-client.ts";
import { startBalancer } from "../support/running-balancer.ts";
import { type ScriptedResponse, ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const get = "GET /v1/models HTTP/1.1\r\nHost: drover\r\n\r\n";
const send = (text: string, thenClose = true): ScriptedResponse => ({ kind: "send", text, thenClose });

/** What an upstream may do before a valid head was there: the request is tried elsewhere, and 502 when there is nobody else. */
const noResponse: Readonly<Record<string, ScriptedResponse>> = {
  "closes without a word": { kind: "close" },
  "resets its connection": { kind: "reset" },
  "answers garbage": send("\0\x01\x02 this is no HTTP\r\n\r\n"),
  "answers another protocol": send("220 mail.example ESMTP ready\r\n"),
  "closes in the middle of its head": send("HTTP/1.1 200 OK\r\nContent-Len"),
  "answers a status that is no number": send("HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
  "answers a field without a colon": send("HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n"),
  "answers two different Content-Lengths": send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
  "answers a Content-Length that is no number": send("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nab"),
  "answers both Content-Length and Transfer-Encoding": send(
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ),
  "answers a head without an end": send(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(300_000)}`, false),
};

/** What may go wrong behind a valid head: the client must see that the response is not complete. */
const brokenBody: Readonly<Record<string, ScriptedResponse>> = {
  "closes before the promised length": send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
  "closes in the middle of a chunk": send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc"),
  "closes without the last chunk": send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
  "sends a chunk size that is no number": send(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
  ),
};

async function ask(
  bad: ScriptedResponse,
  spare: boolean,
): Promise<{ readonly response: SeenResponse; readonly spareSeen: number }> {
  const upstream = new ScriptedUpstream("bad", () => bad);
  const other = new ScriptedUpstream("good", () => ok("good"));
  const ports = [await upstream.listen(), ...(spare ? [await other.listen()] : [])];
  const running = await startBalancer(ports);
  const client = new RawClient(running.port);
  client.write(get);
  const response = await client.read("GET");
  client.destroy();
  await until(() => running.leases() === 0, "every lease is released");
  await running.balancer.close({ drainTimeoutMs: 0 });
  await upstream.close();
  if (spare) await other.close();
  return { response, spareSeen: other.seen.length };
}

describe("a balancer whose upstream misbehaves", () => {
  for (const [name, bad] of Object.entries(noResponse)) {
    it(`goes to another upstream when one ${name}`, async () => {
      const { response, spareSeen } = await ask(bad, true);
      assert.match(response.line, / 200 /);
      assert.equal(response.body, "good");
      assert.equal(spareSeen, 1);
    });

    it(`answers 502 when its only upstream ${name}`, async () => {
      const { response } = await ask(bad, false);
      assert.match(response.line, / 502 /);
      assert.match(response.body, /"type":"proxy_error"/);
    });
  }

  for (const [name, bad] of Object.entries(brokenBody)) {
    it(`breaks off its own response when an upstream ${name}`, async () => {
      const { response } = await ask(bad, true);
      assert.equal(response.whole, false);
      assert.notEqual(response.body, "good");
    });
  }

  it("relays no byte past the promised length, and does not use that connection again", async () => {
    const upstream = new ScriptedUpstream("long", (_request, n) =>
      n === 1
        ? send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false)
        : ok("next"),
    );
    const running = await startBalancer([await upstream.listen()]);
    const client = new RawClient(running.port);
    client.write(get);
    assert.equal((await client.read("GET")).body, "abc");
    client.write(get);
    assert.equal((await client.read("GET")).body, "next");
    assert.deepEqual(
      upstream.seen.map((request) => request.connection),
      [1, 2],
    );
    client.destroy();
    await running.balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });

  it("ends an event stream that breaks with an error event, and never with [DONE]", async () => {
    const begun =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
    const { response } = await ask(send(begun), true);
    assert.match(response.body, /^data: 1\n\nevent: error\ndata: \{"error":.*"type":"proxy_error"/);
    assert.doesNotMatch(response.body, /\[DONE\]/);
    assert.equal(response.whole, true);
  });
});
