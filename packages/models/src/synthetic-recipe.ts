import { ggmlType } from "./ggml-types.ts";
import type { MatrixType } from "./random-blocks.ts";

export type SyntheticQuantization = "q4_0" | "q4_k_m" | "q8_0" | "f16";

/** `general.file_type` of each. Source: llama.h `enum llama_ftype`. */
export const FILE_TYPE_IDS: Readonly<Record<SyntheticQuantization, number>> = { f16: 1, q4_0: 2, q8_0: 7, q4_k_m: 15 };

/** What decides the encoding of a matrix. `layer` is undefined outside of the layers. */
export interface MatrixRole {
  readonly kind: "embedding" | "output" | "attention" | "attention-value" | "feed-forward" | "feed-forward-down";
  readonly layer: number | undefined;
  readonly layers: number;
  readonly rowValues: number;
  /** An embedding that is the output matrix as well. */
  readonly tied: boolean;
}

/** The encoding that `llama-quantize` gives a matrix. Source: llama.cpp src/llama-quant.cpp `llama_tensor_get_type`. */
export function matrixType(quantization: SyntheticQuantization, role: MatrixRole): MatrixType {
  return fitting(wantedType(quantization, role), role.rowValues);
}

function wantedType(quantization: SyntheticQuantization, role: MatrixRole): MatrixType {
  if (quantization === "f16") return "F16";
  if (quantization === "q8_0") return "Q8_0";
  if (role.kind === "output" || (role.kind === "embedding" && role.tied)) return "Q6_K";
  if (quantization === "q4_0") return "Q4_0";
  const sensitive = role.kind === "attention-value" || role.kind === "feed-forward-down";
  return sensitive && usesMoreBits(role.layer ?? 0, role.layers) ? "Q6_K" : "Q4_K";
}

/** The first and last eighth of the layers, and each third between. */
function usesMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

/** Rows that do not divide into blocks of 256 fall back to blocks of 32. */
function fitting(type: MatrixType, rowValues: number): MatrixType {
  if (rowValues % ggmlType(type).blockValues === 0) return type;
  return type === "Q6_K" ? "Q8_0" : "Q5_0";
}
