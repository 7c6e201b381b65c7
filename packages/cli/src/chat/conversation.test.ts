import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { after, describe, it } from "node:test";
import { Conversation, talk } from "./conversation.ts";

/** Each is what the server does with one chat; `bodies` is what it was sent. */
async function serve(...scripts: readonly ((response: ServerResponse) => void)[]) {
  const bodies: { readonly messages: readonly { readonly role: string; readonly content: string }[] }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.once("end", () => {
      bodies.push(JSON.parse(text) as (typeof bodies)[number]);
      scripts[bodies.length - 1]?.(response);
    });
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, bodies };
}

const event = (delta: object): string => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;

function desk(hasColours = false) {
  const stdin = new PassThrough();
  const stdout = new PassThrough({ encoding: "utf8" });
  const stderr = new PassThrough({ encoding: "utf8" });
  let shown = "";
  stdout.on("data", (text: string) => (shown += text));
  const streams = { stdin, stdout, stderr, hasColours } as unknown as Parameters<typeof talk>[1];
  return { streams, stdin, stdout, stderr, shown: () => shown };
}

describe("drover chat", () => {
  it("shows thinking dimmed, then the text, and sends the conversation so far with the next question", async () => {
    const { url, bodies } = await serve(
      (response) => {
        response.write(`: queue 1\n\n${event({ reasoning_content: "Hm." })}`);
        response.end(`${event({ content: "Hello" })}${event({ content: "!" })}data: [DONE]\n\n`);
      },
      (response) => response.end(`${event({ content: "Bye" })}data: [DONE]\n\n`),
    );
    const { streams, stdin, shown } = desk(true);
    const conversation = new Conversation({ url, apiKey: undefined }, "m", streams);
    stdin.end("hi\n\nbye\n");
    await talk(conversation, streams);
    assert.equal(shown().replaceAll("> ", ""), "\u001b[2mHm.\u001b[22m\n\nHello!\nBye\n\n");
    assert.deepEqual(bodies[1]?.messages, [
      { role: "user", content: "hi" },
      { role: "assistant", content: "Hello!" },
      { role: "user", content: "bye" },
    ]);
  });

  it("keeps what was shown before the response was stopped", async () => {
    const { url, bodies } = await serve(
      (response) => response.write(event({ content: "Once upon" })),
      (response) => response.end("data: [DONE]\n\n"),
    );
    const { streams, stdout } = desk();
    const conversation = new Conversation({ url, apiKey: undefined }, "m", streams);
    const stop = new AbortController();
    stdout.on("data", (text: string) => text.includes("Once") && stop.abort());
    await conversation.ask("a story", stop.signal);
    await conversation.ask("go on", new AbortController().signal);
    assert.equal(bodies[1]?.messages[1]?.content, "Once upon");
  });

  it("says what went wrong in the server's words, and goes on", async () => {
    const { url } = await serve(
      (response) => response.writeHead(429).end('{"error":{"message":"the queue is \\u001b[31mfull"}}'),
      (response) => response.end('data: {"error":{"message":"the worker died"}}\n\n'),
      (response) => response.end(event({ content: "half" })),
      (response) => response.writeHead(401).end("{}"),
    );
    const { streams, stdin, stderr } = desk();
    let errors = "";
    stderr.on("data", (text: string) => (errors += text));
    stdin.end("1\n2\n3\n4\n");
    await talk(new Conversation({ url, apiKey: undefined }, undefined, streams), streams);
    const lines = errors.trim().split("\n");
    assert.deepEqual(lines.slice(0, 3), [
      "the queue is \\x1b[31mfull",
      "the worker died",
      "the response broke off; ask again",
    ]);
    assert.match(lines[3] ?? "", /401; give the key with --key/);
  });
});
