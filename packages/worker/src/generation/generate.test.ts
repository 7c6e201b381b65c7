import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { byteVocabulary } from "../test-support/byte-vocabulary.ts";
import { WorkerError } from "../errors.ts";
import { CONTEXT_TOKENS, type Script, scriptedGenerator } from "../test-support/scripted-generator.ts";
import { type OutputRequest, generateOutput } from "./generate.ts";
import type { OutputEnd } from "./output/output.ts";
import { TokenTexts } from "./output/token-texts.ts";
import { GREEDY } from "../generation-contract.ts";
import { ToolCallParser } from "./output/tool-calls.ts";

const THINKING_END = "\n</think>";
const PLAIN: OutputRequest = {
  prompt: [1, 2, 3],
  maxTokens: 100,
  sampling: GREEDY,
  stops: [],
  reasoning: "may-open",
  thinkingEnd: { text: THINKING_END, tokens: byteVocabulary.tokenize(THINKING_END, "control") },
  cachePrompt: true,
  ignoreEndOfText: false,
};

describe("generateOutput", () => {
  it("ends thinking at its budget and goes on from there, in one response with one count of tokens", async () => {
    const { response, requests } = await run([{ text: "<think>abcdef" }, { text: "Yes" }], { thinkingBudget: 3 });
    assert.deepEqual([response.reasoning, response.content], ["ab", "Yes"]);
    assert.deepEqual(requests[1]?.prompt, [1, 2, 3, ...byteVocabulary.tokenize("<think>ab\n</think>", "control")]);
    assert.equal(requests[1]?.maxTokens, 100 - 3);
    assert.deepEqual(response.end?.tokens, { prompt: 3, cached: 0, completion: 6, reasoning: 3 });
  });

  it("ends where thinking or its end leaves no place in the slot, rather than ask for one that does not fit", async () => {
    const prompt = Array.from({ length: CONTEXT_TOKENS - 5 }, () => 65);
    const scripts = [{ text: "<think>ab" }, { text: "Yes" }];
    const asked = { prompt, reasoning: "inside", maxTokens: CONTEXT_TOKENS } as const;
    const budget = await run(scripts, { ...asked, thinkingBudget: 3 });
    assert.deepEqual([budget.requests.length, budget.response.end?.finish], [1, "length"]);
    const grammar = { gbnf: 'root ::= "[" [0-9] "]"' };
    const closed = await run([{ text: "abcd</think>" }], { ...asked, grammar });
    assert.deepEqual([closed.requests.length, closed.response.end?.finish], [1, "length"]);
  });

  it("leaves thinking free and holds what follows to the grammar", async () => {
    const grammar = { gbnf: "root ::= [0-9]" };
    const { response, requests } = await run([{ text: "hm</think>xyz" }, { text: "7" }], {
      reasoning: "inside",
      grammar,
    });
    assert.deepEqual([requests[0]?.grammar, requests[1]?.grammar], [undefined, grammar]);
    assert.deepEqual([response.reasoning, response.content], ["hm", "7"]);
  });

  it("writes thinking as text between both of its tags, and bounds it and holds what follows to the grammar all the same", async () => {
    const grammar = { gbnf: "root ::= [0-9]" };
    const asked = { reasoning: "inside", thinkingInText: true } as const;
    const free = await run([{ text: "hm</think>xyz" }, { text: "7" }], { ...asked, grammar });
    assert.deepEqual([free.response.reasoning, free.response.content], ["", "<think>\nhm\n</think>\n\n7"]);
    assert.deepEqual([free.requests[0]?.grammar, free.requests[1]?.grammar], [undefined, grammar]);
    const bounded = await run([{ text: "abcdef" }, { text: "Yes" }], { ...asked, thinkingBudget: 3 });
    assert.equal(bounded.response.content, "<think>\nabc\n</think>\n\nYes");
  });

  it("holds a call to its grammar once the model has begun it, and not before", async () => {
    const grammar = { gbnf: "root ::= [0-9]" };
    const written: string[] = [];
    const { response, requests } = await run([{ text: "Let me see. <tool_call>x" }, { text: '\n{"name": "f"' }], {
      toolCalls: () => new ToolCallParser("hermes", new Set(["f"]), () => "id"),
      callGrammar: (text) => {
        written.push(text);
        return grammar;
      },
    });
    assert.deepEqual([requests[0]?.grammar, requests[1]?.grammar, requests.length], [undefined, grammar, 2]);
    const begun = byteVocabulary.tokenize("Let me see. <tool_call>", "plain");
    assert.deepEqual(requests[1]?.prompt, [1, 2, 3, ...begun]);
    assert.deepEqual([written, response.content, response.end?.finish], [["<tool_call>"], "Let me see.", "tool_calls"]);
  });

  it("leaves a call free that llama.cpp can't hold to its grammar in time", async () => {
    const error = new WorkerError("grammar_too_slow", "slow");
    const scripts: Script[] = [
      { text: "<tool_call>" },
      { text: '{"name": "f"', end: "failed", error },
      { text: ', "arguments": {}}' },
    ];
    const { response, requests } = await run(scripts, {
      toolCalls: () => new ToolCallParser("hermes", new Set(["f"]), () => "id"),
      callGrammar: () => ({ gbnf: "root ::= [0-9]" }),
    });
    assert.deepEqual(
      [requests[2]?.grammar, response.end?.finish, response.end?.error],
      [undefined, "tool_calls", undefined],
    );
    const begun = byteVocabulary.tokenize('<tool_call>{"name": "f"', "plain");
    assert.deepEqual(requests[2]?.prompt, [1, 2, 3, ...begun]);
  });

  it("leaves a call free whose grammar there is none of", async () => {
    const { response, requests } = await run([{ text: '<tool_call>{"name": "f", "arguments": {}}' }], {
      toolCalls: () => new ToolCallParser("hermes", new Set(["f"]), () => "id"),
      callGrammar: () => undefined,
    });
    assert.deepEqual([requests.length, response.end?.finish], [1, "tool_calls"]);
  });

  it("holds a response to the grammar from its beginning where no thinking was opened", async () => {
    const grammar = { gbnf: "root ::= [0-9]" };
    const { requests } = await run([{ text: "7" }], { grammar });
    assert.deepEqual([requests.length, requests[0]?.grammar], [1, grammar]);
  });

  it("reports the tokens of the content, and of no stop string", async () => {
    const { response } = await run([{ text: "<think>x</think>abSTOPcd" }], { topLogprobs: 0, stops: ["STOP"] });
    assert.deepEqual([response.content, response.end?.stopString], ["ab", "STOP"]);
    assert.equal(Buffer.from(response.tokens).toString("utf8"), "ab");
  });

  it("begins and ends a response without a token", async () => {
    const { response } = await run([{ text: "" }], {});
    assert.deepEqual([response.starts, response.content, response.end?.finish], [1, "", "stop"]);
  });
});

async function run(scripts: readonly Script[], more: Partial<OutputRequest>) {
  const { generator, requests } = scriptedGenerator(...scripts);
  const response = {
    starts: 0,
    content: "",
    reasoning: "",
    tokens: [] as number[],
    end: undefined as OutputEnd | undefined,
  };
  await new Promise<void>((resolve) => {
    generateOutput(
      { generator, tokenTexts: new TokenTexts(byteVocabulary) },
      { ...PLAIN, ...more },
      {
        onStart: () => (response.starts += 1),
        onPieces: (pieces, tokens) => {
          response.tokens.push(...tokens.map(({ token }) => token));
          for (const piece of pieces)
            if (piece.kind === "content" || piece.kind === "reasoning") response[piece.kind] += piece.text;
        },
        onEnd: (end) => {
          response.end = end;
          resolve();
        },
      },
    );
  });
  return { response, requests };
}
