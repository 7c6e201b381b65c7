import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { string, syntheticFile, writeGguf } from "@drover/models";
import * as fc from "fast-check";
import { systemClock } from "@drover/foundation/clock";
import { ApartTokenizer } from "../../engine/apart-tokenizer.ts";
import type { TextKind, Vocabulary } from "../../engine/engine.ts";
import { loadLlamaTokenizer } from "../../engine/llama-engine.ts";
import { RequestError } from "../../errors.ts";
import { byteVocabulary } from "../../test-support/byte-vocabulary.ts";
import { PromptTokenizer } from "./prompt-tokenizer.ts";

fc.configureGlobal({ seed: 20_261_127 });

/** One of each way to find words that llama.cpp has. */
const PRE_TOKENIZERS = [
  "default",
  "gpt-2",
  "llama-bpe",
  "qwen2",
  "qwen35",
  "deepseek-llm",
  "deepseek-coder",
  "deepseek-v3",
  "deepseek-r1-qwen",
  "falcon",
  "starcoder",
  "poro-chat",
  "viking",
  "chatglm-bpe",
  "tekken",
  "chameleon",
  "gpt-4o",
  "kimi-k2",
  "superbpe",
  "bailingmoe",
  "seed-coder",
  "jais-2",
  "exaone-moe",
  "youtu",
  "afmoe",
  "minimax-m2",
];

/** Those whose words std::regex finds, by patterns that go on and on. */
const RECURSIVE = [
  "default",
  "tekken",
  "gpt-4o",
  "deepseek-v3",
  "deepseek-llm",
  "deepseek-coder",
  "poro-chat",
  "exaone-moe",
];

/** Texts of one kind, which std::regex takes as one word in one of them or another. */
const RUNS = [
  "-",
  "a",
  "ACGT",
  "Q",
  "汉字",
  " ",
  "\n",
  "\t ",
  "|---",
  "word ",
  "é",
  "7",
  "🐑",
  "()",
  "かな",
  "한",
  " \n",
];

const LIMIT = { contextTokens: 10_000_000, outputTokens: 0, param: "content" } as const;

describe("The tokenizer of prompts", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-words-"));
  const models = new Map<string, { readonly plain: (text: string) => number[]; readonly path: string }>();
  const processes = new Map<string, ApartTokenizer>();

  before(async () => {
    const { metadata: tiny } = syntheticFile("tiny", "f16");
    for (const pre of PRE_TOKENIZERS) {
      const path = join(folder, `${pre}.gguf`);
      // A vocabulary without weights.
      const metadata = new Map([...tiny, ["tokenizer.ggml.pre", string(pre)] as const]);
      await writeGguf(path, { metadata, tensors: [] });
      const tokenizer = await loadLlamaTokenizer(path);
      models.set(pre, { path, plain: (text) => tokenizer.tokenize(text, "plain") });
    }
  });
  after(() => {
    for (const apart of processes.values()) apart.dispose();
    rmSync(folder, { recursive: true });
  });

  /** Tokenizes runs in a process, which is started once for each pre-tokenizer. */
  const withProcess = (pre: string) => {
    const { plain, path } = models.get(pre) ?? assert.fail();
    const apart = processes.get(pre) ?? new ApartTokenizer(path, systemClock);
    processes.set(pre, apart);
    const tokenizeApart = (text: string, kind: TextKind) => apart.tokenize(text, kind);
    const tokenizer = new PromptTokenizer({ clock: systemClock, vocabulary: vocabularyOf(plain), tokenizeApart });
    return { plain, tokenizer };
  };

  it("cuts long texts so that they have the tokens of the uncut ones, for each pre-tokenizer", async () => {
    for (const [pre, { plain }] of models) {
      const tokenizer = new PromptTokenizer({
        clock: systemClock,
        vocabulary: vocabularyOf(plain),
        tokenizeApart: assert.fail,
      });
      await fc.assert(
        fc.asyncProperty(longText, async (text) => {
          assert.deepEqual(await tokenizer.tokenize([text], "plain", LIMIT), plain(text), pre);
        }),
        { numRuns: 2 },
      );
    }
  });

  it("gives a run of one kind the tokens that llama.cpp gives it, up to lengths that it takes", async () => {
    for (const pre of RECURSIVE) {
      const { plain, tokenizer } = withProcess(pre);
      for (const run of RUNS) {
        const text = `Look: ${run.repeat(Math.ceil(2500 / run.length))} and so on`;
        assert.deepEqual(await tokenizer.tokenize([text], "plain", LIMIT), plain(text), `${pre} ${run}`);
      }
    }
  });

  it("survives runs that end a process of ordinary stack, and loses no character of them", async () => {
    for (const pre of RECURSIVE) {
      const { tokenizer } = withProcess(pre);
      for (const run of ["-", "ACGT", "汉", "\n"]) {
        const text = run.repeat(40_000 / run.length);
        const tokens = await tokenizer.tokenize([text], "plain", LIMIT);
        assert.ok(tokens.length >= text.length / 64 && tokens.length <= 3 * text.length, `${pre} ${run}`);
      }
    }
  });

  it("keeps no short text and no grammar waiting for one that takes long", async () => {
    const { path } = models.get("default") ?? assert.fail();
    const apart = new ApartTokenizer(path, systemClock);
    const ended: string[] = [];
    const long = apart.tokenize("a b c d ".repeat(16_000), "plain").then(() => ended.push("long"));
    await apart.tokenize("-".repeat(3000), "plain").then(() => ended.push("short"));
    await apart.tryGrammar('root ::= "a"').then(() => ended.push("grammar"));
    await long;
    assert.deepEqual(ended, ["short", "grammar", "long"]);
    apart.dispose();
  });

  it("tokenizes apart only the lines that need it", async () => {
    const apart: string[] = [];
    const vocabulary = vocabularyOf((text) => [text.length]);
    const tokenizeApart = async (text: string) => [apart.push(text)];
    const tokenizer = new PromptTokenizer({ clock: systemClock, vocabulary, tokenizeApart });
    const lines = "A line of some words.\n".repeat(5000);
    await tokenizer.tokenize([`${lines}${"-".repeat(3000)}\n${lines}`], "plain", LIMIT);
    assert.equal(apart.length, 1);
    assert.ok((apart[0]?.length ?? 0) < 40_000);
  });

  it("refuses the text that its process dies of by 400, and serves the next one", async () => {
    const texts: string[] = [];
    const path = join(folder, "no-such-model.gguf");
    const apart = new ApartTokenizer(path, systemClock);
    const tokenizer = new PromptTokenizer({
      clock: systemClock,
      vocabulary: vocabularyOf((text) => {
        texts.push(text);
        return [1];
      }),
      tokenizeApart: (text, kind) => apart.tokenize(text, kind),
    });
    const refusal = tokenizer.tokenize(["-".repeat(5000)], "plain", LIMIT);
    await assert.rejects(refusal, (error) => error instanceof RequestError && error.refusal.status === 400);
    assert.deepEqual(await tokenizer.tokenize(["short"], "plain", LIMIT), [1]);
    assert.deepEqual(texts, ["short"]);
    apart.dispose();
  });

  it("refuses what is certainly too long before anything is tokenized", async () => {
    const tokenizer = new PromptTokenizer({
      clock: systemClock,
      vocabulary: vocabularyOf(assert.fail),
      tokenizeApart: assert.fail,
    });
    const text = "-".repeat(10_000_000);
    await assert.rejects(
      tokenizer.tokenize([text], "plain", { ...LIMIT, contextTokens: 4096 }),
      /at least \d+ tokens/u,
    );
  });

  it("lets the loop go on while it reads a long text", async () => {
    const { plain } = models.get("qwen2") ?? assert.fail();
    const tokenizer = new PromptTokenizer({ clock: systemClock, vocabulary: vocabularyOf(plain) });
    const turns = await turnsWhile(async () => {
      await tokenizer.tokenize(["A line of some words.\n".repeat(50_000)], "plain", LIMIT);
      await tokenizer.tokenize(
        Array.from({ length: 20_000 }, () => "<"),
        "plain",
        LIMIT,
      );
    });
    assert.ok(turns > 25, `${turns} turns`);
  });

  it("lets the loop go on between many short texts, each of a call of its own", async () => {
    const { clock, vocabulary } = slowVocabulary(1 / 1000);
    const tokenizer = new PromptTokenizer({ clock, vocabulary });
    const turns = await turnsWhile(async () => {
      for (let text = 0; text < 2000; text += 1) await tokenizer.tokenize(["word ".repeat(200)], "plain", LIMIT);
    });
    assert.ok(turns > 40, `${turns} turns`);
  });

  for (const [name, text] of [
    ["prose without a line end", "Words and words that are kept in one line. ".repeat(3000)],
    ["lines", "A line of some words, and a number: 17.\n".repeat(3000)],
    ["JSON", JSON.stringify(Array.from({ length: 4000 }, (_, id) => ({ id, kind: "x", text: `number ${id}` })))],
    ["East Asian prose", "我是演示模型，只会说这一段话。请换成真实的模型，".repeat(1000)],
  ] as const)
    it(`holds the loop up for some milliseconds at a time, however slow the vocabulary: ${name}`, async () => {
      const { clock, vocabulary, calls } = slowVocabulary(15 / 1000);
      const apart: string[] = [];
      const tokenizeApart = async (slice: string) => {
        apart.push(slice);
        return [slice.length];
      };
      const tokenizer = new PromptTokenizer({ clock, vocabulary, tokenizeApart });
      const tokens = await tokenizer.tokenize([text], "plain", LIMIT);
      assert.equal(
        tokens.reduce((sum, chars) => sum + chars, 0),
        text.length,
      );
      assert.ok(Math.max(...calls) <= 10, `${Math.max(...calls)} ms`);
      // Neither is a text cut to pieces where that is not needed.
      assert.ok(calls.length + apart.length <= text.length / 150, `${calls.length} and ${apart.length} apart`);
    });

  it("is quick again once the vocabulary is: a machine that stood still slows it down for a while only", async () => {
    const slow = slowVocabulary(1);
    const tokenizer = new PromptTokenizer(slow);
    await tokenizer.tokenize(["word ".repeat(1000)], "plain", LIMIT);
    slow.msPerChar = 1 / 10_000;
    slow.calls.length = 0;
    await tokenizer.tokenize(["word ".repeat(100_000)], "plain", LIMIT);
    assert.ok(slow.calls.length < 200, `${slow.calls.length} slices`);
  });

  it("cuts no token in two that goes over a blank", async () => {
    const slices: string[] = [];
    const tokenize = (text: string) => {
      slices.push(text);
      return [text.length];
    };
    const text = "the own model is the own model is ".repeat(2000);
    const taught = { ...vocabularyOf(tokenize), phrases: ["own model is"] };
    await new PromptTokenizer({ clock: systemClock, vocabulary: taught }).tokenize([text], "plain", LIMIT);
    assert.equal(slices.join(""), text);
    assert.ok(slices.length > 1);
    assert.ok(slices.every((slice) => slice.endsWith("is the") || slice.endsWith("is") || slice.endsWith("is ")));
    slices.length = 0;
    const unknown = { ...taught, phrases: undefined };
    await new PromptTokenizer({ clock: systemClock, vocabulary: unknown }).tokenize([text], "plain", LIMIT);
    assert.deepEqual(slices, [text], "without a line end, and any token may go over a blank");
  });
});

/** One that takes so long for each character, on a clock of its own; `calls` are the milliseconds of each call. */
function slowVocabulary(msPerChar: number) {
  const state = { nowMs: 0, msPerChar, calls: [] as number[] };
  const tokenize = (text: string) => {
    const ms = text.length * state.msPerChar;
    state.calls.push(ms);
    state.nowMs += ms;
    return [text.length];
  };
  return Object.assign(state, { clock: { monotonicMs: () => state.nowMs }, vocabulary: vocabularyOf(tokenize) });
}

/** How often the loop turned meanwhile. */
async function turnsWhile(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let ended = false;
  const turn = () => {
    turns += 1;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  ended = true;
  return turns;
}

function vocabularyOf(plain: (text: string) => number[]): Vocabulary {
  return { ...byteVocabulary, tokenize: (text) => plain(text), splitsWords: true, phrases: [], longestTokenBytes: 64 };
}

const word = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.stringMatching(/^[a-zA-Z']{1,9}$/u),
  fc.stringMatching(/^[0-9]{1,7}$/u),
  fc.constantFrom(
    "你好，世界。",
    "👩‍👩‍👧",
    "don't",
    "é́",
    "  ",
    "\t",
    "\n\n",
    " \n",
    "x;\n",
    "{\n",
    "\r\n",
    "の",
    "한국어",
    "///\n",
  ),
);

/** Several slices long, and made of lines. */
const longText = fc
  .array(fc.array(word, { minLength: 1, maxLength: 12 }), { minLength: 60, maxLength: 60 })
  .map((lines) => lines.map((words) => `${words.join(" ")}\nAnd`).join(" "))
  .map((text) => text.repeat(Math.ceil(70_000 / text.length)));
