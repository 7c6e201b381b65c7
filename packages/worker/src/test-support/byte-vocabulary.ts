import type { ModelDescription, Vocabulary } from "../engine/engine.ts";

/** Control tokens after the 256 bytes. */
const CONTROL = ["<|end|>", "<|im_start|>", "<|im_end|>", "<｜User｜>", "<think>", "</think>"];
const encoder = new TextEncoder();

/** A vocabulary of single bytes, to test what stands on one without a model. */
export const byteVocabulary: Vocabulary = {
  tokenize(text, kind) {
    if (kind === "plain") return Array.from(encoder.encode(text));
    const [first, at] = firstControl(text);
    if (first === undefined) return Array.from(encoder.encode(text));
    const rest = text.slice(at + first.length);
    return [
      ...encoder.encode(text.slice(0, at)),
      256 + CONTROL.indexOf(first),
      ...byteVocabulary.tokenize(rest, "control"),
    ];
  },
  tokenBytes(token, kind) {
    if (token < 256) return Uint8Array.of(token);
    return kind === "control" ? encoder.encode(CONTROL[token - 256] ?? "") : new Uint8Array(0);
  },
  isEndOfText: (token) => token === 256,
  splitsWords: false,
  phrases: [],
  // Bytes, and control tokens, which no text of a client becomes.
  longestTokenBytes: 12,
};

export const byteModel: ModelDescription = {
  id: "bytes",
  fileName: "bytes.gguf",
  architecture: "none",
  fileType: "F16",
  parameters: 1_543_700_000,
  sizeBytes: 1,
  vocabularyType: 1,
  trainedContextTokens: 4096,
  vocabularySize: 256 + CONTROL.length,
  embeddingLength: 1,
  bosToken: undefined,
  eosToken: 256,
  addsBosToken: false,
  chatTemplate: undefined,
  hasInfill: false,
  canCutState: true,
};

function firstControl(text: string): readonly [string | undefined, number] {
  const found = CONTROL.map((mark) => [mark, text.indexOf(mark)] as const).filter(([, at]) => at !== -1);
  return found.toSorted((a, b) => a[1] - b[1])[0] ?? [undefined, -1];
}
