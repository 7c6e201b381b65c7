import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messageOf } from "./error-text.ts";

describe("the text of an error", () => {
  it("is its message, or its code where it has none, or whatever was thrown", () => {
    assert.equal(messageOf(new Error("no")), "no");
    assert.equal(messageOf(Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })), "ECONNREFUSED");
    assert.equal(messageOf("thrown"), "thrown");
  });
});
