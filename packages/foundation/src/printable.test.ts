import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printable } from "./printable.ts";

describe("printable", () => {
  it("shows control characters instead of sending them, and leaves every script and line end as it is", () => {
    assert.equal(printable("\u001b]52;c;aGk=\u0007name\u009b31m\r"), "\\x1b]52;c;aGk=\\x07name\\x9b31m\\x0d");
    assert.equal(printable("模型\tñ 🐑\nnext"), "模型\tñ 🐑\nnext");
  });
});
