import { printable } from "@drover/foundation/printable";
import { plural, sizeText } from "@drover/foundation/texts";
import type { MemoryEstimate, ModelInfo } from "@drover/models";

/** A model and its memory as people read them. */
export function showModel(model: ModelInfo, memory: MemoryEstimate): string {
  const { perWorker } = memory;
  const facts: readonly (readonly [string, string])[] = [
    ["name", model.name],
    ["architecture", `${model.architecture}, ${plural(model.layers, "layer")} of ${model.embeddingLength}`],
    ["parameters", shortCount(model.parameters)],
    ["quantization", model.quantization],
    ["file", `${sizeText(model.fileBytes)}${model.parts > 1 ? ` in ${model.parts} parts` : ""}`],
    ["context", `${model.contextTokens} tokens`],
    ["vocabulary", `${model.vocabularySize} tokens`],
    ["chat template", model.chatTemplate === undefined ? "none: a base model" : "yes"],
    ["memory per worker", `${sizeText(perWorker.totalBytes)}: weights repacked ${sizeText(perWorker.repackedBytes)}`],
    ["", `keys and values ${sizeText(perWorker.kvBytes)}, compute ${sizeText(perWorker.computeBytes)}`],
    ["", `tokenizer ${sizeText(perWorker.tokenizerBytes)}, process ${sizeText(perWorker.processBytes)}`],
    ["memory shared", `${sizeText(memory.mappedBytes)}: the file itself, once for all workers`],
  ];
  return facts.map(([name, value]) => `${name.padEnd(18)} ${printable(value)}`).join("\n");
}

function shortCount(count: number): string {
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} million` : `${(count / 1e9).toFixed(2)} billion`;
}
