import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { requestIdOf } from "./request-id.ts";

describe("a request's id", () => {
  it("is the client's, in any of the forms that tracing systems use", () => {
    const sane = [
      "0b9c1e2a-7d0e-4a53-9d5c-2f6d1b7c8e90",
      "dGhlIHNhbXBsZQ+/==",
      "Root=1-67891233-abcdef012345678912345678",
      "/jobs/7:12",
      "me@host",
      "a".repeat(128),
    ];
    for (const id of sane) assert.equal(requestIdOf(id, Math.random), id);
  });

  it("is a new one where the client's is missing, repeated, too long, or could break a line or a header", () => {
    for (const sent of [undefined, "", ["a", "b"], "a".repeat(129), "a b", 'a"b', "a\nb", "ä", "a,b", "<a>", "a;b"])
      assert.match(requestIdOf(sent, Math.random), /^req_[a-z0-9]{16}$/, String(sent));
  });
});
