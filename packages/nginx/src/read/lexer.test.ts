import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { NginxConfigError } from "../errors.ts";
import { readSentences } from "./lexer.ts";

function words(text: string): (readonly string[] | string)[] {
  return [...readSentences(text, "f")].map((sentence) => ("words" in sentence ? sentence.words : sentence.end));
}

function failure(text: string): string {
  try {
    words(text);
  } catch (error) {
    assert.ok(error instanceof NginxConfigError);
    return error.message;
  }
  return "no error";
}

describe("the nginx lexer", () => {
  it("ends words at blanks, semicolons and braces", () => {
    assert.deepEqual(words("a  b\tc\r\nd;e{f;}"), [["a", "b", "c", "d"], ["e"], ["f"], "}", "eof"]);
  });

  it("keeps ${name} in one word and ends a word at any other brace", () => {
    assert.deepEqual(words("a x${b}y;"), [["a", "x${b}y"], "eof"]);
    assert.deepEqual(words("a b{}"), [["a", "b"], "}", "eof"]);
  });

  it("takes quotes only at the start of a word", () => {
    assert.deepEqual(words(`a "b c" 'd;e' f"g;`), [["a", "b c", "d;e", 'f"g'], "eof"]);
  });

  it("replaces the escapes nginx replaces and keeps the others whole", () => {
    assert.deepEqual(words(String.raw`a "\"\t\n\\" \.php$ b\;c 'it\'s';`), [
      ["a", '"\t\n\\', "\\.php$", "b\\;c", "it's"],
      "eof",
    ]);
  });

  it("starts comments only where a word could start", () => {
    assert.deepEqual(words("a b#c; # d; {\n#\ne;"), [["a", "b#c"], ["e"], "eof"]);
  });

  it("names the line nginx names", () => {
    assert.equal(failure("a b\n\n"), 'unexpected end of file, expecting ";" or "}" in f:3');
    assert.equal(failure("\n;"), 'unexpected ";" in f:2');
    assert.equal(failure("\n\na }"), 'unexpected "}" in f:3');
    assert.equal(failure('a "b"c;'), 'unexpected "c" in f:1');
    assert.equal(failure('a "b'), 'unexpected end of file, expecting ";" or "}" in f:1');
  });

  it("refuses words longer than nginx's buffer", () => {
    assert.match(
      failure(`a\n"${"x".repeat(5000)}";`),
      /too long parameter, probably missing terminating """ character in f:2/,
    );
    assert.match(failure(`a ${"x".repeat(5000)};`), /too long parameter "xxxxxxxxxx\.\.\." started in f:1/);
  });

  it("ends every text in sentences or in its own error, whatever the bytes are", () => {
    const piece = fc.constantFrom("{", "}", ";", '"', "'", "\\", "$", "${", "#", "\n", " ", "a", "ö", "\0", ")");
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), (pieces) => {
        assert.notEqual(failure(pieces.join("")), "");
      }),
      { numRuns: 500 },
    );
  });

  it("reads back any word that is written in quotes", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (word) => {
        const written = `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
        assert.deepEqual(words(`a ${written};`), [["a", word], "eof"]);
      }),
    );
  });
});
