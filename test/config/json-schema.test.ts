import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";

const files = new URL("../../../config/files/", import.meta.url);
const schema: object = JSON.parse(readFileSync(new URL("drover.schema.json", files), "utf8")) as object;
const accepts = new Ajv2020({ allowUnionTypes: true }).compile(schema);

describe("drover.schema.json, as an editor applies it", () => {
  it("accepts what Drover accepts", () => {
    for (const value of [
      {},
      null,
      { model: "/srv/model.gguf", workers: { count: "1..4", threads: 2, slots: "8", context: "auto" } },
      { workers: null, maxBody: "10 MiB", queue: { limit: 0, timeout: "1.5m" }, strict: "yes" },
      { listen: "[::1]:8080", apiKeys: "a,b", balancer: { upstreams: ["http://127.0.0.1:9000 weight=2"] } },
    ])
      assert.ok(accepts(value), `${JSON.stringify(value)}: ${JSON.stringify(accepts.errors)}`);
  });

  it("refuses unknown keys, wrong types and values that are out of range", () => {
    for (const value of [
      { modle: "demo" },
      { workers: { slot: 4 } },
      { workers: 4 },
      { workers: { slots: 0 } },
      { workers: { firstPort: 70_000 } },
      { queue: { timeout: "soon" } },
      { listen: "here" },
      { balancer: { policy: "fastest" } },
      [],
    ])
      assert.equal(accepts(value), false, JSON.stringify(value));
  });
});
