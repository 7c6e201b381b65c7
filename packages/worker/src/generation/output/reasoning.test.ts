import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ReasoningStart, ReasoningSplitter } from "./reasoning.ts";

const TEXT = "<think>\nwhy </ so?\n</think>\n\nBecause <b>.";

describe("ReasoningSplitter", () => {
  it("parts thinking from content wherever the text is cut, without the white space around the tags", () => {
    for (let cut = 0; cut <= TEXT.length; cut++) {
      assert.deepEqual(split("may-open", [TEXT.slice(0, cut), TEXT.slice(cut)]), ["why </ so?", "Because <b>."]);
    }
    assert.deepEqual(split("may-open", Array.from(TEXT)), ["why </ so?", "Because <b>."]);
  });

  it("begins inside where the prompt opened the part", () => {
    assert.deepEqual(split("inside", ["I think", " so\n</thi", "nk>\n\nYes"]), ["I think so", "Yes"]);
  });

  it("takes several parts that follow each other, and trims the content after a part that the prompt closed", () => {
    assert.deepEqual(split("may-open", Array.from("<think>a</think>\n<think>b</think>\nc <think>")), [
      "ab",
      "c <think>",
    ]);
    assert.deepEqual(split("closed", ["\n", "\nYes"]), ["", "Yes"]);
  });

  it("calls a text content that only mentions the tag, or whose tags are to stay", () => {
    assert.deepEqual(split("may-open", [" see <think>"]), ["", " see <think>"]);
    assert.deepEqual(split("off", Array.from(TEXT)), ["", TEXT]);
  });

  it("gives out what it held when the text ends early", () => {
    assert.deepEqual(split("may-open", ["<thi"]), ["", "<thi"]);
    assert.deepEqual(split("inside", ["half a thought </th"]), ["half a thought </th", ""]);
  });
});

function split(start: ReasoningStart, pieces: readonly string[]): readonly [string, string] {
  const splitter = new ReasoningSplitter(start);
  const parts = [...pieces.map((piece) => splitter.push(piece)), splitter.flush()];
  return [parts.map((part) => part.reasoning).join(""), parts.map((part) => part.content).join("")];
}
