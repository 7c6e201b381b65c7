import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { wellFormed } from "../prompt/control-texts.ts";
import { TextAssembler } from "./text-assembler.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

describe("TextAssembler", () => {
  it("gives the same text however the bytes are cut, and never half a character", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 9 }),
        (text, cuts) => {
          const bytes = new TextEncoder().encode(wellFormed(text));
          const assembler = new TextAssembler();
          let result = "";
          for (let at = 0, cut = 0; at < bytes.length; cut++) {
            const length = cuts[cut % cuts.length] ?? 1;
            const piece = assembler.push(bytes.subarray(at, at + length));
            assert.equal(piece, wellFormed(piece));
            result += piece;
            at += length;
          }
          assert.equal(result + assembler.flush(), wellFormed(text));
        },
      ),
    );
  });

  it("reads sequences as grammars do: overlong ones by their number, what is no character as one replacement", () => {
    assert.equal(read(0xf0, 0x84, 0xb8, 0x8a), "上");
    assert.equal(read(0xe0, 0x82, 0x80), "\u{80}");
    assert.equal(read(0xed, 0xa0, 0x80), "\u{FFFD}");
    assert.equal(read(0xf8, 0x84, 0xb8, 0x8a), "\u{FFFD}");
    assert.equal(read(0xf4, 0xbf, 0xbf, 0xbf), "\u{FFFD}");
  });

  it("puts one replacement character for a stray byte and an unfinished end", () => {
    const assembler = new TextAssembler();
    assert.equal(assembler.push(Uint8Array.of(0x41, 0x80, 0x42, 0xf0, 0x9f)), "A\u{FFFD}B");
    assert.equal(assembler.flush(), "\u{FFFD}");
  });
});

function read(...bytes: number[]): string {
  const assembler = new TextAssembler();
  return assembler.push(Uint8Array.from(bytes)) + assembler.flush();
}
