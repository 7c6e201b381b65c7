import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { systemClock } from "@drover/foundation/clock";
import { pino } from "pino";
import type { Generator } from "../../generation-contract.ts";
import { createServer } from "../../server.ts";
import { byteModel, byteVocabulary } from "../../test-support/byte-vocabulary.ts";
import { type Script, scriptedGenerator } from "../../test-support/scripted-generator.ts";

/** What the model says: as often as there are choices. */
async function askForMany(scripts: readonly Script[]) {
  const { generator, requests, cancelled } = scriptedGenerator(...scripts);
  const begunInTurn: number[] = [];
  let isFirst = true;
  const counted: Generator = {
    ...generator,
    generate(request, sink) {
      if (isFirst) {
        isFirst = false;
        begunInTurn.push(0);
        setImmediate(() => {
          isFirst = true;
        });
      }
      begunInTurn.push((begunInTurn.pop() ?? 0) + 1);
      return generator.generate(request, sink);
    },
  };
  const server = createServer({
    generator: counted,
    vocabulary: byteVocabulary,
    model: byteModel,
    slots: { contextTokens: 4096, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
    logger: pino({ level: "silent" }),
    clock: systemClock,
    randomSeed: () => 5,
  });
  const payload = { messages: [{ role: "user", content: "x" }], n: scripts.length, max_tokens: 2 };
  const { statusCode } = await server.inject({ method: "POST", url: "/v1/chat/completions", payload });
  while (requests.length < scripts.length || cancelled.length < scripts.filter(({ end }) => end === "hang").length)
    await turn();
  return { status: statusCode, begunInTurn, begun: requests.length, cancelled };
}

describe("the choices of a request", () => {
  it("begin a few in a turn of the loop, with others served in between", async () => {
    const { status, begunInTurn, begun } = await askForMany(Array.from({ length: 128 }, () => ({ text: "a" })));
    assert.equal(status, 200);
    assert.equal(begun, 128);
    assert.ok(Math.max(...begunInTurn) <= 40, begunInTurn.join(" "));
  });

  it("end all where one fails while the rest have not begun", async () => {
    const scripts = Array.from(
      { length: 128 },
      (_, index): Script => ({ text: "", end: index === 0 ? "failed" : "hang" }),
    );
    const { status, cancelled } = await askForMany(scripts);
    assert.equal(status, 500);
    assert.equal(new Set(cancelled).size, 128);
  });
});
