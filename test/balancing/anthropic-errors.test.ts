import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Anthropic, { APIError, AuthenticationError, InternalServerError, RateLimitError } from "@anthropic-ai/sdk";
import { defaultSettings } from "@drover/config";
import { until } from "../support/until.ts";
import { type RunningBalancer, startBalancer } from "../support/running-balancer.ts";
import { ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const start =
  '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{}}}';
const event = `event: message_start\ndata: ${start}\n\n`;
const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("Anthropic's client before a front door that refuses", () => {
  /** Breaks its first response off, and never sends another. */
  const upstream = new ScriptedUpstream("a", (_request, n) =>
    n === 1
      ? { kind: "send", text: `${head}${event.length.toString(16)}\r\n${event}\r\n`, thenClose: true }
      : { kind: "silence" },
  );
  let patient: RunningBalancer;
  let impatient: RunningBalancer;

  before(async () => {
    const origin = `http://127.0.0.1:${await upstream.listen()}`;
    const start = async (timeout: number): Promise<RunningBalancer> => {
      const queue = { ...defaultSettings().queue, limit: 1, timeout };
      const running = await startBalancer([], (settings) => ({ ...settings, apiKeys: ["the-key"], queue }));
      running.balancer.addUpstream({ id: "w1", origin, maxConns: 1, owned: true, secret: "s" });
      running.balancer.setReady("w1", true);
      return running;
    };
    patient = await start(600_000);
    impatient = await start(100);
  });
  after(async () => {
    for (const { balancer } of [patient, impatient]) await balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });

  function client(apiKey: string, { port } = patient): Anthropic {
    return new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey, maxRetries: 0 });
  }

  const asked = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hello" }] } as const;
  const ask = async (apiKey = "the-key", running = patient) =>
    client(apiKey, running).messages.create({ ...asked, messages: [...asked.messages] });

  it("knows what is wrong by the error's type, when it is refused and in the middle of a stream", async () => {
    await assert.rejects(ask("wrong"), (error) => is(error, AuthenticationError, "authentication_error"));
    const stream = client("the-key").messages.stream({ ...asked, messages: [...asked.messages] });
    await assert.rejects(stream.finalMessage(), (error) => is(error, APIError, "api_error"));
    const held = [patient, impatient].map((running) => ask("the-key", running).catch(() => undefined));
    for (const running of [patient, impatient]) {
      await until(() => running.leases() === 1, "the only place is taken");
    }
    await assert.rejects(ask("the-key", impatient), (error) => is(error, InternalServerError, "overloaded_error"));
    const waiting = ask().catch(() => undefined);
    await until(() => patient.balancer.status().queue.depth === 1, "one waits");
    await assert.rejects(ask(), (error) => is(error, RateLimitError, "rate_limit_error"));
    for (const { balancer } of [patient, impatient]) await balancer.close({ drainTimeoutMs: 0 });
    await Promise.all([...held, waiting]);
  });
});

function is(error: unknown, kind: new (...args: never[]) => APIError, type: string): boolean {
  assert.ok(error instanceof kind, String(error));
  const body = error.error as { readonly type: string; readonly error: { readonly type: string } };
  assert.deepEqual([body.type, body.error.type], ["error", type]);
  return true;
}
