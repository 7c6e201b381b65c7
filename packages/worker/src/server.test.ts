import assert from "node:assert/strict";
import { systemClock } from "@drover/foundation/clock";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { pino } from "pino";
import { createServer } from "./server.ts";
import { byteModel, byteVocabulary } from "./test-support/byte-vocabulary.ts";
import { type Script, scriptedGenerator } from "./test-support/scripted-generator.ts";

const chat = { messages: [{ role: "user", content: "hi" }] };

describe("A worker whose engine fails", () => {
  it("says so with 500 and the envelope while nothing was sent, and nothing of where it happened", async () => {
    for (const path of ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"]) {
      for (const stream of [false, true]) {
        const { server } = serve({ text: "", end: "failed" });
        const response = await server.inject({ method: "POST", url: path, payload: { ...bodyOf(path), stream } });
        assert.equal(response.statusCode, 500);
        const { error } = response.json<{ error: { type: string; message: string } }>();
        assert.equal(error.type, path === "/v1/messages" ? "api_error" : "server_error");
        assert.doesNotMatch(error.message, / at |\.js/u);
      }
    }
  });

  it("ends a stream that broke off with an error event, never with a false end", async () => {
    for (const path of ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"]) {
      const { server } = serve({ text: "some", end: "failed" });
      const response = await server.inject({ method: "POST", url: path, payload: { ...bodyOf(path), stream: true } });
      assert.equal(response.statusCode, 200);
      assert.match(
        response.body,
        /\n\nevent: error\ndata: \{[^\n]*"error":\{"message":"The engine failed[^\n]*\}\n\n$/u,
      );
      assert.doesNotMatch(response.body, /\[DONE\]|message_stop|response\.completed/u);
    }
  });
});

describe("A client that leaves", () => {
  for (const path of ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"]) {
    it(`ends the generation of ${path} before the headers and mid-stream`, async () => {
      for (const stream of [false, true]) {
        const { server, cancelled, requests } = serve({ text: "some", end: "hang" });
        await server.listen({ host: "127.0.0.1", port: 0 });
        const { port } = server.server.address() as AddressInfo;
        const call = request({ port, path, method: "POST", agent: false });
        call.on("error", () => {});
        call.end(JSON.stringify({ ...bodyOf(path), stream }));
        if (stream) {
          const [response] = (await once(call, "response")) as [IncomingMessage];
          await once(response, "data");
          response.on("error", () => {});
        } else await until(() => requests.length === 1);
        call.destroy();
        await until(() => cancelled.length > 0);
        await server.close();
      }
    });
  }

  it("ends all of its choices", async () => {
    const { server, cancelled, requests } = serve({ text: "a", end: "hang" }, { text: "b", end: "hang" });
    await server.listen({ host: "127.0.0.1", port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const call = request({ port, path: "/v1/chat/completions", method: "POST", agent: false });
    call.on("error", () => {});
    call.end(JSON.stringify({ ...chat, n: 2 }));
    await until(() => requests.length === 2);
    assert.deepEqual(
      requests.map(({ sampling }) => sampling.seed),
      [5, 6],
    );
    call.destroy();
    await until(() => cancelled.length === 2);
    await server.close();
  });
});

describe("GET /openapi.json", () => {
  it("describes every route with the schema that checks it", async () => {
    const { server } = serve();
    const document = (await server.inject("/openapi.json")).json<OpenApi>();
    assert.equal(document.openapi, "3.1.0");
    for (const path of [
      "/v1/chat/completions",
      "/v1/completions",
      "/v1/embeddings",
      "/v1/responses",
      "/v1/messages",
      "/tokenize",
    ]) {
      const schema = document.paths[path]?.post?.requestBody.content["application/json"].schema;
      assert.equal(schema?.type, "object", path);
      assert.equal(schema?.additionalProperties, false, path);
    }
    const fields =
      document.paths["/v1/chat/completions"]?.post?.requestBody.content["application/json"].schema.properties;
    assert.ok(fields !== undefined && "temperature" in fields && "tools" in fields);
  });
});

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post?: {
          readonly requestBody: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
        };
      }
    >
  >;
}

interface Schema {
  readonly type: string;
  readonly additionalProperties: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
}

function bodyOf(path: string) {
  if (path === "/v1/completions") return { prompt: "hi" };
  if (path === "/v1/responses") return { input: "hi" };
  return path === "/v1/messages" ? { ...chat, model: "m", max_tokens: 50 } : chat;
}

function serve(...scripts: readonly Script[]) {
  const scripted = scriptedGenerator(...scripts);
  const server = createServer({
    generator: scripted.generator,
    vocabulary: byteVocabulary,
    model: byteModel,
    slots: { contextTokens: 500, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
    logger: pino({ level: "silent" }),
    clock: { ...systemClock, epochMs: () => 0 },
    randomSeed: () => 5,
  });
  return { server, ...scripted };
}

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error("it did not happen");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
