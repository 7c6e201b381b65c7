// An upstream that is not what is measured. usage: node quick-upstream.js PORT
// GET /health and POST /v1/…: a fixed JSON response. POST with `?events=N&every=MS`: N server-sent events, one each MS.
import http from "node:http";
import { systemClock } from "@drover/foundation/clock";

const completion = Buffer.from(
  JSON.stringify({ object: "chat.completion", choices: [{ message: { content: "x".repeat(300) } }] }),
);

function event(index: number): string {
  return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"t${index} "},"finish_reason":null}]}\n\n`;
}

function stream(response: http.ServerResponse, count: number, everyMs: number): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const startMs = systemClock.monotonicMs();
  let sent = 0;
  const timer = setInterval(() => {
    // What is due by now, each as a write of its own, so that a late timer loses none.
    const due = Math.min(count, Math.floor((systemClock.monotonicMs() - startMs) / everyMs));
    for (; sent < due; sent += 1) response.write(event(sent));
    if (sent < count) return;
    clearInterval(timer);
    response.end("data: [DONE]\n\n");
  }, everyMs);
  response.on("close", () => clearInterval(timer));
}

http
  .createServer((request, response) => {
    request.resume();
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    const events = Number(searchParams.get("events") ?? 0);
    if (events > 0) stream(response, events, Number(searchParams.get("every")));
    else
      response
        .writeHead(200, { "content-type": "application/json", "content-length": completion.length })
        .end(completion);
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
