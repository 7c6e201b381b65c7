import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { pino } from "pino";
import { createServer } from "../../server.ts";
import { byteModel, byteVocabulary } from "../../test-support/byte-vocabulary.ts";
import { scriptedGenerator } from "../../test-support/scripted-generator.ts";

const PROMPTS = 120;
const TOKENS = 480;
const prompt = Array.from({ length: PROMPTS }, () => Array.from({ length: TOKENS }, () => 97));

/** Asks for a completion of each of the prompts. @returns the response's choices, and how many texts of tokens were looked up in each turn of the loop */
async function complete(more: object) {
  const turns = [0];
  const state = { isOver: false };
  const count = () => {
    turns.push(0);
    if (!state.isOver) setImmediate(count);
  };
  const { generator } = scriptedGenerator();
  const server = createServer({
    generator,
    vocabulary: {
      ...byteVocabulary,
      tokenBytes(token, kind) {
        turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
        return byteVocabulary.tokenBytes(token, kind);
      },
    },
    model: byteModel,
    slots: { contextTokens: 500, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
    logger: pino({ level: "silent" }),
    clock: systemClock,
    randomSeed: () => 5,
  });
  await server.ready();
  turns.splice(0, turns.length, 0);
  setImmediate(count);
  const response = await server.inject({ method: "POST", url: "/v1/completions", payload: { prompt, ...more } });
  state.isOver = true;
  assert.equal(response.statusCode, 200, response.body);
  return { turns, choices: response.json<{ choices: readonly { text: string }[] }>().choices };
}

describe("Many prompts that are tokens", () => {
  it("are looked at some thousand tokens in a turn of the loop, with others in between", async () => {
    const { turns, choices } = await complete({ echo: true });
    assert.deepEqual(new Set(choices.map(({ text }) => text)), new Set(["a".repeat(TOKENS)]));
    assert.ok(Math.max(...turns) <= 20_000, `${Math.max(...turns)} tokens in a turn`);
  });

  it("are not made into the texts that no response repeats", async () => {
    const { turns } = await complete({});
    assert.equal(
      turns.reduce((sum, each) => sum + each, 0),
      0,
    );
  });
});
