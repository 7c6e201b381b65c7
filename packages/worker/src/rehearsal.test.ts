import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { apiRoutes, type ApiRoute } from "@drover/contract/routes";
import { systemClock } from "@drover/foundation/clock";
import { pino } from "pino";
import { rehearse } from "./rehearsal.ts";
import { byteModel, byteVocabulary } from "./test-support/byte-vocabulary.ts";

/** Refused on purpose, for there is nothing to do. */
const REFUSED = ["/api/pull", "/api/create", "/api/copy", "/api/push"];
/** As another route, by the same code. */
const ALIKE = ["/infill", "/api/embeddings"];

describe("the rehearsal of a worker", () => {
  it("has a response of every route that takes a body, and asks nothing of the engine", async () => {
    const rehearsed = await rehearse({
      generator: { contextTokens: 4096, generate: () => assert.fail("the engine was asked") },
      embedder: { maxTokens: 512, embed: () => assert.fail("the engine was asked") },
      vocabulary: byteVocabulary,
      model: byteModel,
      slots: { contextTokens: 4096, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
      logger: pino({ level: "silent" }),
      clock: systemClock,
      secret: "secret",
      settings: { unknownParameters: "refuse" },
      randomSeed: () => 5,
    });
    assert.deepEqual(
      rehearsed.filter(({ status }) => status !== 200),
      [],
    );
    const paths = (apiRoutes as readonly ApiRoute[]).flatMap(({ method, path }) => (method === "POST" ? [path] : []));
    const known = new Set([...REFUSED, ...ALIKE, ...rehearsed.map(({ path }) => path)]);
    assert.deepEqual(
      paths.filter((path) => !known.has(path)),
      [],
    );
  });
});
