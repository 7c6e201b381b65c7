import assert from "node:assert/strict";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { fitsRequestLine, isFieldName, isFieldValue } from "./field-value.ts";

function throws(action: () => void): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}

describe("bytes of header fields", () => {
  it("are those that Node sends without throwing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 5 }), (text) => {
        assert.equal(isFieldValue(text), !throws(() => validateHeaderValue("x", text)));
        assert.equal(isFieldName(text), !throws(() => validateHeaderName(text)));
      }),
      { numRuns: 3000 },
    );
    for (let code = 0; code < 300; code += 1) {
      const text = `a${String.fromCharCode(code)}b`;
      assert.equal(isFieldValue(text), !throws(() => validateHeaderValue("x", text)), String(code));
    }
  });

  it("end no request line", () => {
    for (const bad of ["/a\nb", "/a\rb", "/a\0b", "/\u010a"]) assert.equal(fitsRequestLine(bad), false, bad);
    for (const good of ["/a b", "/\xff", "/\t"]) assert.equal(fitsRequestLine(good), true, good);
  });
});
