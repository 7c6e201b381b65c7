import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HARMONY_FINAL, HarmonyText } from "./harmony-text.ts";
import type { OutputPiece } from "./output.ts";
import { OutputParser } from "./output-parser.ts";
import { ToolCallParser } from "./tool-calls.ts";

/** What a model of OpenAI's harmony format writes behind `<|start|>assistant`, by its documentation. */
const THINKING = "<|channel|>analysis<|message|>They ask for the time.<|end|>";
const CALL =
  '<|start|>assistant<|channel|>commentary to=functions.time <|constrain|>json<|message|>{"zone": "a<b", "n": [1]}';
const ANSWER = "<|start|>assistant<|channel|>final<|message|>It is <|> noon.";

function read(parts: readonly string[], { isFinal = false } = {}) {
  const parser = new OutputParser({
    reasoning: isFinal ? "closed" : "may-open",
    stops: [],
    keepTokens: false,
    keepContent: false,
    harmony: new HarmonyText(isFinal),
    toolCalls: new ToolCallParser("harmony", new Set(["time"]), () => "call_1"),
  });
  const pieces: OutputPiece[] = [];
  for (const part of parts) pieces.push(...parser.push({ token: 1 }, Buffer.from(part)).pieces);
  pieces.push(...parser.flush().pieces);
  const textOf = (kind: OutputPiece["kind"]) =>
    pieces.map((piece) => (piece.kind === kind && "text" in piece ? piece.text : "")).join("");
  return {
    reasoning: textOf("reasoning"),
    content: textOf("content").trim(),
    calls: pieces.flatMap((piece) => (piece.kind === "tool-call" ? [piece.name] : [])),
    args: textOf("tool-arguments"),
  };
}

describe("The text of gpt-oss", () => {
  it("is thinking and a response, wherever it is cut", () => {
    const text = THINKING + ANSWER;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const expected = { reasoning: "They ask for the time.", content: "It is <|> noon.", calls: [], args: "" };
      assert.deepEqual(read([text.slice(0, cut), text.slice(cut)]), expected, `cut at ${cut}`);
    }
  });

  it("is thinking and a call, whose arguments stream and end with a token of no text", () => {
    for (const parts of [[THINKING, CALL], Array.from(THINKING + CALL)]) {
      assert.deepEqual(read(parts), {
        reasoning: "They ask for the time.",
        content: "",
        calls: ["time"],
        args: '{"zone": "a<b", "n": [1]}',
      });
    }
  });

  it("has a recipient before the channel too, a preamble that is content, and a second call", () => {
    const preamble = "<|channel|>commentary<|message|>I look it up.<|end|>";
    const early = '<|start|>assistant to=functions.time<|channel|>commentary<|message|>{"n": 1}<|call|>';
    const second = '<|start|>assistant<|channel|>commentary to=functions.time<|message|>{"n": 2}<|call|>';
    const { content, calls, args } = read([preamble, early, second]);
    assert.deepEqual([content, calls, args], ["I look it up.", ["time", "time"], '{"n": 1}{"n": 2}']);
  });

  it("continues the response where the prompt has begun it, or where Drover ends the thinking", () => {
    assert.equal(read(["It is noon."], { isFinal: true }).content, "It is noon.");
    const cut = read([THINKING.slice(0, -"<|end|>".length), `<|end|>${HARMONY_FINAL}`, "noon"]);
    assert.deepEqual([cut.reasoning, cut.content], ["They ask for the time.", "noon"]);
  });
});
