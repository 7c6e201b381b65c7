import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";

describe("A seed", () => {
  let workers: readonly ApiWorker[];

  before(async () => {
    workers = await Promise.all([startApiWorker("tiny", { slots: 2 }), startApiWorker("tiny", { slots: 4 })]);
  });
  after(() => Promise.all(workers.map((worker) => worker.close())));

  it("gives one text on any worker, whoever its neighbours there are, and another seed another", async () => {
    const [first, second] = workers;
    assert.ok(first !== undefined && second !== undefined);
    const [alone, beside, , , other] = await Promise.all([
      textOf(first, "城里有什么？", 42),
      textOf(second, "城里有什么？", 42),
      textOf(second, "Something else, of another length", 1),
      textOf(second, "并且", 2),
      textOf(first, "城里有什么？", 43),
    ]);
    assert.equal(beside, alone);
    assert.notEqual(other, alone);
    assert.equal(await textOf(second, "城里有什么？", 43), other);
  });
});

async function textOf(worker: ApiWorker, content: string, seed: number): Promise<string> {
  const body = { messages: [{ role: "user", content }], seed, temperature: 1, max_tokens: 60 };
  const response = await fetch(`${worker.url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
  const { choices } = (await response.json()) as {
    readonly choices: readonly [{ readonly message: { content: string } }];
  };
  return choices[0].message.content;
}
