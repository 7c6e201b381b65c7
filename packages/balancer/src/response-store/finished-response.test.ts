import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { type FinishedResponse, FinishedResponseFinder } from "./finished-response.ts";

const response = { id: "resp_1", store: true, output: [{ id: "msg_1", text: 'a "quote", a \\ and a }' }] };

const event = (type: string, value: object) => `event: ${type}\ndata: ${JSON.stringify(value)}\n\n`;

/** What is found, and how often JSON was parsed for it. */
function find(body: string, pieceBytes: number) {
  const found: FinishedResponse[] = [];
  const finder = new FinishedResponseFinder(2 ** 22, (one) => found.push(one));
  const parse = mock.method(JSON, "parse");
  try {
    const bytes = Buffer.from(body);
    for (let from = 0; from < bytes.length; from += pieceBytes) finder.push(bytes.subarray(from, from + pieceBytes));
    return { ids: found.map(({ id }) => id), parsed: parse.mock.callCount() };
  } finally {
    parse.mock.restore();
  }
}

describe("A complete response in a body that passes", () => {
  it("is found however the body is cut, and parsed once, though every piece may end with a closing bracket", () => {
    const brackets = JSON.stringify({ ...response, metadata: { a: "}".repeat(100_000) } });
    assert.deepEqual(find(brackets, 1000), { ids: ["resp_1"], parsed: 1 });
    for (const pieceBytes of [1, 7, 1000])
      assert.deepEqual(find(JSON.stringify(response, null, 1), pieceBytes), { ids: ["resp_1"], parsed: 1 });
  });

  it("is the data of a stream's last event", () => {
    const body = event("response.created", { response }) + event("response.completed", { response });
    assert.deepEqual(find(body, 40).ids, ["resp_1"]);
    assert.deepEqual(find(event("response.failed", { response }), 40).ids, []);
  });
});
