import { once } from "node:events";
import { type IncomingMessage, request, type RequestOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { OWNER_HEADER, RESUME_HEADER, SECRET_HEADER } from "@drover/contract/headers";
import { createServing, type ServerParts } from "./api/serving.ts";
import type { Embedder } from "./engine/engine.ts";
import type { Generator } from "./generation-contract.ts";
import { createServer } from "./server.ts";

const messages = [{ role: "user", content: "a" }];
const foreignTool = { type: "web_search" };
/** Of a long body, which is read and checked in slices. */
const manyTools = Array.from({ length: 200 }, () => ({ ...foreignTool, filters: [{ a: "a".repeat(400) }] }));

/** A small request for each API, in the forms in which its response comes. */
const REQUESTS: readonly (readonly [path: string, body?: object])[] = [
  ["/v1/chat/completions", { messages, n: 2, tools: [foreignTool], stop: "z", temperature: 0 }],
  ["/v1/chat/completions", { messages, tools: manyTools }],
  ["/v1/chat/completions", { messages, stream: true, logprobs: true, stream_options: { include_usage: true } }],
  ["/v1/completions", { prompt: ["a", "a"], logprobs: 1 }],
  ["/v1/completions", { prompt: [1, 1], stream: true }],
  ["/v1/responses", { input: messages, tools: manyTools }],
  ["/v1/responses", { input: "a", stream: true }],
  ["/v1/responses/input_tokens", { input: "a" }],
  ["/v1/messages", { max_tokens: 1, system: "a", messages, tools: manyTools.map((tool) => ({ ...tool, name: "a" })) }],
  ["/v1/messages", { max_tokens: 1, messages, stream: true }],
  ["/v1/messages/count_tokens", { messages }],
  ["/completion", { prompt: "a" }],
  ["/completion", { prompt: "a", stream: true }],
  ["/v1/embeddings", { input: ["a", "a"] }],
  ["/embedding", { content: "a" }],
  ["/apply-template", { messages }],
  ["/api/chat", { messages }],
  ["/api/generate", { prompt: "a" }],
  ["/api/embed", { input: "a" }],
  ["/api/show", {}],
  ["/tokenize", { content: "a", with_pieces: true }],
  ["/detokenize", { tokens: [1] }],
  ["/v1/models"],
  ["/props"],
  ["/slots"],
];

/** All of it takes some tenths of a second; a worker that serves matters more than one whose code is compiled. */
const LIMIT_MS = 10_000;

/**
 * Serves a request of each API with what stands in for the engine. What runs for the first time is loaded and compiled, which takes up to 30 ms at a stretch: no
 * heartbeat and no client's request waits for that later.
 *
 * @returns what each request got
 * @throws AbortError after ten seconds, or what kept a request from its response
 */
export async function rehearse(parts: ServerParts, serving = createServing(parts)) {
  const { embedder } = parts;
  const server = createServer(parts, {
    ...serving,
    ignoredBefore: new Set(),
    logger: parts.logger.child({}, { level: "silent" }),
    generator: generatorLike(parts),
    ...(embedder === undefined ? {} : { embedder: embedderLike(embedder, parts) }),
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const headers = {
    [OWNER_HEADER]: "00 own",
    [RESUME_HEADER]: "00000000-0000-0000-0000-000000000000 0",
    ...(parts.secret === undefined ? {} : { [SECRET_HEADER]: parts.secret }),
  };
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    const rehearsed: { readonly path: string; readonly status: number | undefined }[] = [];
    for (const [path, body] of REQUESTS)
      rehearsed.push({ path, status: await ask({ port, path, headers, signal }, body) });
    return rehearsed;
  } finally {
    await server.close();
  }
}

async function ask(options: RequestOptions, body: object | undefined): Promise<number | undefined> {
  const asked = request({ ...options, agent: false, method: body === undefined ? "GET" : "POST" });
  asked.end(body && JSON.stringify(body));
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  await buffer(response);
  return response.statusCode;
}

/** Has a token at once, and is at its end. */
function generatorLike({ generator, vocabulary }: ServerParts): Generator {
  const [token = 0] = vocabulary.tokenize("a", "plain");
  return {
    contextTokens: generator.contextTokens,
    generate: (_request, sink) => {
      setImmediate(() => {
        sink.onStart?.({ slot: 0, cachedTokens: 0 });
        const isStopped = sink.onToken({ token, logprob: -1, topLogprobs: [{ token, logprob: -1 }] }) === "stop";
        sink.onEnd({ reason: isStopped ? "stopped" : "end-of-text" });
      });
      return { cancel: () => {} };
    },
  };
}

function embedderLike({ maxTokens }: Embedder, { model }: ServerParts): Embedder {
  return {
    maxTokens,
    embed: async () => await Promise.resolve(Array.from({ length: model.embeddingLength }, () => 0.5)),
  };
}
