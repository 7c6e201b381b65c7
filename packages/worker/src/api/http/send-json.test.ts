import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Fastify from "fastify";
import { longList, sendJson, WrittenJson } from "./send-json.ts";

async function sent(
  value: unknown,
): Promise<{ readonly text: string; readonly turns: number; readonly type: unknown }> {
  const server = Fastify();
  let turns = 0;
  let next: NodeJS.Immediate | undefined;
  const turn = (): void => {
    turns += 1;
    next = setImmediate(turn);
  };
  server.get("/", (_, reply) => {
    turn();
    return sendJson(reply, value);
  });
  const { payload, headers } = await server.inject("/");
  clearImmediate(next);
  await server.close();
  assert.equal(Number(headers["content-length"]), Buffer.byteLength(payload));
  return { text: payload, turns, type: headers["content-type"] };
}

const plain = { a: [1, "é\u2028", null, { b: undefined, c: true }], 'ü"': {}, d: [], e: undefined, f: [undefined] };

describe("A response of JSON", () => {
  it("is what JSON.stringify makes of it", async () => {
    for (const value of [plain, [], "x", null, 5]) {
      const { text, type } = await sent(value);
      assert.equal(text, JSON.stringify(value));
      assert.equal(type, "application/json; charset=utf-8");
    }
    const long = { ...plain, text: `${"ab\n🐑".repeat(30_000)}\ud83d` };
    assert.ok(JSON.stringify(JSON.parse((await sent(long)).text)) === JSON.stringify(long));
    const made = { list: longList(() => [{ n: 1 }, { n: 2 }]), written: [new WrittenJson("[1,2]")] };
    assert.equal((await sent(made)).text, '{"list":[{"n":1},{"n":2}],"written":[[1,2]]}');
    assert.equal(JSON.stringify({ list: made.list }), '{"list":[{"n":1},{"n":2}]}');
  });

  it("is written in slices where it is long, with other requests in between", async () => {
    const entries = longList(function* () {
      for (let n = 0; n < 100_000; n++) yield { token: "a token", logprob: -n, bytes: [1, 2, 3] };
    });
    const vectors = Array.from({ length: 200 }, () => new WrittenJson(`[${"0.123456789,".repeat(2000)}1]`));
    for (const value of [{ entries }, { vectors }, { text: "x".repeat(8 * 2 ** 20) }]) {
      const { text, turns } = await sent(value);
      assert.ok(turns > text.length / (512 * 1024), `${turns} turns of the loop for ${text.length} characters`);
    }
  });
});
