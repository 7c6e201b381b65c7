import type { ServerResponse } from "node:http";
import { tokenText, type FakeScript } from "./script.ts";
import type { Timeline } from "./timeline.ts";

/** What a response needs to know of its request. */
export interface Ask {
  readonly id: string;
  readonly chat: boolean;
  readonly stream: boolean;
  readonly tokens: number;
  readonly promptTokens: number;
  readonly includeUsage: boolean;
  /** When the request had its place; the delays count from here. */
  readonly startMs: number;
}

/** Gives one response as the script says. `onToken` is called for each token, `onEnd` once, also when the client leaves. */
export function respond(
  ask: Ask,
  script: FakeScript,
  response: ServerResponse,
  timeline: Timeline,
  on: { readonly token: () => void; readonly end: () => void },
): void {
  response.once("close", on.end);
  switch (script.response) {
    case "never":
      return;
    case "reset":
      response.destroy();
      return;
    case "garbage":
      response.socket?.end("HTTP/1.1 two hundred\r\n\u0000\u0001\r\n\r\n");
      return;
    case "status":
      sendError(response, script.status);
      return;
    case "headers-only":
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      return;
    case "ok":
    case "empty":
    case "no-done":
    case "broken":
    case "error-event":
      if (ask.stream) sendStream(ask, script, response, timeline, on.token);
      else sendPlain(ask, script, response, timeline, on.token);
  }
}

function sendError(response: ServerResponse, status: number): void {
  const body = { error: { message: `scripted ${status}`, type: "server_error", code: "scripted", param: null } };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendStream(ask: Ask, script: FakeScript, response: ServerResponse, timeline: Timeline, onToken: () => void) {
  const whole = script.response === "ok" || script.response === "no-done";
  const tokens = whole ? ask.tokens : script.response === "empty" ? 0 : Math.floor(ask.tokens / 2);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  const [before, after] = chunkFrame(ask);
  const step = (index: number) => {
    if (response.destroyed) return;
    if (index === tokens) {
      endStream(ask, script, response);
      return;
    }
    response.write(`${before}${tokenText(index, script)}${after}`);
    onToken();
    const next = index + 1;
    timeline.at(ask.startMs + script.ttftMs + Math.min(next, tokens - 1) * script.itlMs, () => step(next));
  };
  timeline.at(ask.startMs + script.ttftMs, () => step(0));
}

/** The constant text before and after a token's own: building JSON for each token would be most of this worker's cost. */
function chunkFrame(ask: Ask): readonly [string, string] {
  const json = JSON.stringify(chunk(ask, ask.chat ? { delta: { content: "\u0001" } } : { text: "\u0001" }, null));
  const [before = "", after = ""] = json.split("\\u0001");
  return [`data: ${before}`, `${after}\n\n`];
}

function chunk(ask: Ask, part: object, finish: string | null): object {
  return {
    id: ask.id,
    object: ask.chat ? "chat.completion.chunk" : "text_completion",
    created: 0,
    model: "fake",
    choices: [{ index: 0, ...part, finish_reason: finish }],
  };
}

function endStream(ask: Ask, script: FakeScript, response: ServerResponse): void {
  if (script.response === "broken") {
    response.destroy();
    return;
  }
  if (script.response === "no-done") {
    response.end();
    return;
  }
  if (script.response === "error-event") {
    response.end(`data: ${JSON.stringify({ error: { message: "scripted", type: "server_error" } })}\n\n`);
    return;
  }
  const last = chunk(ask, ask.chat ? { delta: {} } : { text: "" }, "length");
  const usage = { ...chunk(ask, {}, null), choices: [], usage: usageOf(ask) };
  const frames = ask.includeUsage ? [last, usage] : [last];
  response.end(`${frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join("")}data: [DONE]\n\n`);
}

function sendPlain(ask: Ask, script: FakeScript, response: ServerResponse, timeline: Timeline, onToken: () => void) {
  const endMs = ask.startMs + script.ttftMs + Math.max(0, ask.tokens - 1) * script.itlMs;
  timeline.at(endMs, () => {
    if (response.destroyed) return;
    const tokens = script.response === "ok" ? ask.tokens : 0;
    const text = Array.from({ length: tokens }, (_, index) => tokenText(index, script)).join("");
    const message = ask.chat ? { message: { role: "assistant", content: text } } : { text };
    const body = JSON.stringify({
      ...chunk(ask, message, "length"),
      object: ask.chat ? "chat.completion" : "text_completion",
      usage: usageOf(ask),
    });
    if (script.response === "broken" || script.response === "error-event") {
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length * 2 });
      response.write(body, () => response.destroy());
      return;
    }
    for (let index = 0; index < tokens; index += 1) onToken();
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  });
}

function usageOf(ask: Ask): object {
  return {
    prompt_tokens: ask.promptTokens,
    completion_tokens: ask.tokens,
    total_tokens: ask.promptTokens + ask.tokens,
  };
}
