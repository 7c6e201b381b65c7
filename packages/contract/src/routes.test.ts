import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { apiOf, findRoute, methodsOf } from "./routes.ts";

const traits = (path: string) => {
  const { takesSlot = false, generates = false } = findRoute("POST", path) ?? {};
  return [takesSlot, generates];
};

describe("the routes of a worker", () => {
  it("are found by method and path, with a query, by HEAD as by GET, and by a beginning where one ends in *", () => {
    assert.equal(findRoute("POST", "/tokenize?x=1")?.path, "/tokenize");
    assert.equal(findRoute("HEAD", "/v1/models")?.path, "/v1/models");
    assert.equal(findRoute("GET", "/v1/models/org/name")?.path, "/v1/models/*");
    for (const [method, path] of [
      ["GET", "/tokenize"],
      ["POST", "/v1/chat"],
      ["GET", "/v1/modelsx"],
      [undefined, "/health"],
    ] as const)
      assert.equal(findRoute(method, path), undefined, path);
  });

  it("say which requests need a slot, and which generate", () => {
    assert.deepEqual(traits("/v1/messages"), [true, true]);
    assert.deepEqual(traits("/v1/embeddings"), [true, false]);
    assert.deepEqual(traits("/v1/messages/count_tokens"), [false, false]);
    assert.deepEqual(traits("/completion"), [true, true]);
  });

  it("are those of llama.cpp's server without a version, whose completions and embeddings are then of its own form", () => {
    for (const [path, route] of [
      ["/chat/completions/", "/v1/chat/completions"],
      ["/completions?x=1", "/completion"],
      ["/embeddings", "/embedding"],
      ["/messages", "/v1/messages"],
    ] as const)
      assert.equal(findRoute("POST", path)?.path, route, path);
  });

  it("name the methods of a path", () => {
    assert.deepEqual(methodsOf("/v1/models/x?y"), ["GET"]);
    assert.deepEqual(methodsOf("/nowhere"), []);
  });

  it("belong to Anthropic's API by their path, or by its header where both have one", () => {
    assert.equal(apiOf({ url: "/v1/messages?beta=true" }), "anthropic");
    assert.equal(apiOf({ url: "/v1/messages/none" }), "anthropic");
    assert.equal(apiOf({ url: "/v1/messages2" }), "openai");
    assert.equal(apiOf({ url: "/v1/models", headers: { "anthropic-version": "2023-06-01" } }), "anthropic");
    assert.equal(apiOf({}), "openai");
  });
});
