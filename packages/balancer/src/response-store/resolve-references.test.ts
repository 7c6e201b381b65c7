import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { ownInput, resolveReferences } from "./resolve-references.ts";
import { ResponseStore } from "./response-store.ts";

const greeting = { type: "message", role: "user", content: "Hi" };
const reply = { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "Ho" }] };
const store = new ResponseStore(() => ({ responses: 10, bytes: 1_000_000 }));
store.put("ann", {
  id: "resp_1",
  previousId: undefined,
  input: await ownInput(bodyOf({ input: "Hi" })),
  output: Buffer.from(JSON.stringify(reply)),
  outputIds: ["msg_1"],
  response: Buffer.from("{}"),
});

describe("References to stored responses", () => {
  it("become the items of all responses before, behind each other", async () => {
    const second = await resolve({ model: "m", previous_response_id: "resp_1", input: "More", temperature: 0 });
    const more = { type: "message", role: "user", content: "More" };
    assert.deepEqual(second.sent, { model: "m", temperature: 0, input: [greeting, reply, more] });
    assert.equal(second.previousId, "resp_1");
    store.put("ann", {
      id: "resp_2",
      previousId: second.previousId,
      input: second.input,
      output: Buffer.from(`{"id":"msg_2"}`),
      outputIds: ["msg_2"],
      response: Buffer.from("{}"),
    });
    const third = await resolve({ previous_response_id: "resp_2", input: [{ role: "user", content: "End" }] });
    const end = { role: "user", content: "End" };
    assert.deepEqual(third.sent, { input: [greeting, reply, more, { id: "msg_2" }, end] });
  });

  it("to single items become these, with or without a type", async () => {
    const input = [greeting, { type: "item_reference", id: "msg_1" }, { id: "msg_1" }, { role: "user", content: "?" }];
    const resolved = await resolve({ input, store: true, metadata: { note: "item_reference" } });
    const expected = [greeting, reply, reply, { role: "user", content: "?" }];
    assert.deepEqual(resolved.sent, { input: expected, store: true, metadata: { note: "item_reference" } });
  });

  it("that nobody knows are refused in OpenAI's words, also those of another key", async () => {
    const continued = { previous_response_id: "resp_1", input: "" };
    assert.deepEqual(await refusal(continued, "bob"), [400, "previous_response_not_found", "previous_response_id"]);
    const item = { input: [{ type: "item_reference", id: "msg_9" }] };
    assert.deepEqual(await refusal(item, "ann"), [404, "item_not_found", "input"]);
    assert.deepEqual(await refusal(continued, "ann", 10), [413, "body_too_large", "previous_response_id"]);
  });

  it("are refused as soon as their items are longer than a body may be, however short the references are", async () => {
    const input = Array.from({ length: 20_000 }, () => ({ id: "msg_1" }));
    const read = mock.method(store, "holderOf");
    try {
      assert.deepEqual(await refusal({ input, note: "item_reference" }, "ann", 10_000), [
        413,
        "body_too_large",
        "previous_response_id",
      ]);
      assert.equal(read.mock.callCount(), 1, "the same item is looked for once");
    } finally {
      read.mock.restore();
    }
  });

  it("let others be served in between, however many items there are", async () => {
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const input = Array.from({ length: 20_000 }, () => ({ id: "msg_1" }));
    const body = bodyOf({ input, note: "item_reference" });
    const resolved = await resolveReferences(body, { store, owner: "ann", mostBytes: 10_000_000 });
    clearImmediate(next);
    assert.ok(
      resolved !== undefined && "body" in resolved && resolved.body.length > 20_000 * JSON.stringify(reply).length,
    );
    assert.ok(turns > 20, `${turns} turns`);
  });

  it("are looked for in nothing that a worker would refuse, and change no body without them", async () => {
    const bodies = [
      `{"input":"Hi","previous_response_id":null}`,
      `{"input":"the word item_reference"}`,
      `{"previous_response_id":"resp_1"`,
      `{"previous_response_id":"resp_1","input":${"[".repeat(200)}${"]".repeat(200)}}`,
      `["previous_response_id"]`,
    ];
    for (const body of bodies) {
      const resolved = await resolveReferences(Buffer.from(body), { store, owner: "ann", mostBytes: 1000 });
      assert.equal(resolved, undefined, body);
    }
  });
});

function bodyOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

async function resolve(value: unknown) {
  const resolved = await resolveReferences(bodyOf(value), { store, owner: "ann", mostBytes: 10_000 });
  assert.ok(resolved !== undefined && "body" in resolved, JSON.stringify(resolved));
  return { ...resolved, sent: JSON.parse(resolved.body.toString()) as unknown };
}

async function refusal(value: unknown, owner: string, mostBytes = 10_000) {
  const resolved = await resolveReferences(bodyOf(value), { store, owner, mostBytes });
  assert.ok(resolved !== undefined && "status" in resolved, JSON.stringify(resolved));
  return [resolved.status, resolved.code, resolved.param];
}
