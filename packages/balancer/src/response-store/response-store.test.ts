import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseStore, type StoredResponse } from "./response-store.ts";

const KIB = 1024;

function response(id: string, size = 10): StoredResponse {
  const text = Buffer.alloc(size, 120);
  const nothing = Buffer.alloc(0);
  return { id, previousId: undefined, input: nothing, output: nothing, outputIds: [`msg_${id}`], response: text };
}

describe("The store of responses", () => {
  it("gives an owner its own responses and items, and nobody else's", () => {
    const store = new ResponseStore(() => ({ responses: 10, bytes: 64 * KIB }));
    store.put("ann", response("a"));
    assert.equal(store.get("ann", "a")?.id, "a");
    assert.equal(store.holderOf("ann", "msg_a")?.id, "a");
    assert.equal(store.get("bob", "a"), undefined);
    assert.equal(store.holderOf("bob", "msg_a"), undefined);
    assert.equal(store.delete("bob", "a"), false);
    assert.equal(store.delete("ann", "a"), true);
    assert.equal(store.holderOf("ann", "msg_a"), undefined);
  });

  it("evicts what its largest owner has not used for the longest time, by number and by size", () => {
    const store = new ResponseStore(() => ({ responses: 4, bytes: 64 * KIB }));
    store.put("ann", response("a"));
    for (const id of ["b", "c", "d"]) store.put("bob", response(id));
    store.get("bob", "b");
    store.put("bob", response("e"));
    assert.deepEqual(held(store, "bob", ["b", "c", "d", "e"]), ["b", "d", "e"]);
    const large = new ResponseStore(() => ({ responses: 1000, bytes: 64 * KIB }));
    large.put("ann", response("a"));
    for (let number = 0; number < 100; number += 1) large.put("bob", response(`b${number}`, 4 * KIB));
    assert.equal(large.get("ann", "a")?.id, "a");
    assert.equal(large.get("bob", "b0"), undefined);
    assert.equal(large.get("bob", "b99")?.id, "b99");
  });

  it("keeps nothing that is larger than an eighth of it", () => {
    const store = new ResponseStore(() => ({ responses: 10, bytes: 64 * KIB }));
    store.put("ann", response("a", 9 * KIB));
    assert.equal(store.get("ann", "a"), undefined);
  });
});

function held(store: ResponseStore, owner: string, ids: readonly string[]): readonly string[] {
  return ids.filter((id) => store.get(owner, id) !== undefined);
}
