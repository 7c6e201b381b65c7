import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adminActions } from "./admin-actions.ts";

type Handles = Parameters<typeof adminActions>[1];

describe("the status of a drover", () => {
  it("is looked up once at a time, however many pages and commands ask", async () => {
    let [begun, atOnce, most] = [0, 0, 0];
    const status = async () => {
      begun += 1;
      most = Math.max(most, ++atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
    };
    const actions = adminActions(() => undefined, { status } as unknown as Handles);
    await Promise.all(Array.from({ length: 50 }, () => actions.status()));
    assert.deepEqual([begun, most], [2, 1]);
  });
});
