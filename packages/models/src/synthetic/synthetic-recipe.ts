import { ggmlType } from "../gguf/ggml-types.ts";
import type { MatrixType } from "./random-blocks.ts";

/** `general.file_type` of each. Source: llama.h `enum llama_ftype`. */
export const FILE_TYPE_IDS = { q4_0: 2, q4_k_m: 15, q8_0: 7, f16: 1 } as const;

export type SyntheticQuantization = keyof typeof FILE_TYPE_IDS;

/** What decides the encoding of a matrix. `layer` is undefined outside of the layers. */
export interface MatrixRole {
  readonly kind: "embedding" | "output" | "attention" | "attention-value" | "feed-forward" | "feed-forward-down";
  readonly layer: number | undefined;
  readonly layers: number;
  readonly rowValues: number;
  /** An embedding that is the output matrix as well. */
  readonly tied: boolean;
}

/**
 * The encoding that `llama-quantize` gives a matrix. Source: llama.cpp src/llama-quant.cpp `llama_tensor_get_type`.
 * @param pure as its `--pure`: one encoding for all matrices, the output matrix too
 */
export function matrixType(quantization: SyntheticQuantization, role: MatrixRole, pure: boolean): MatrixType {
  return fitting(pure ? BASE_TYPES[quantization] : wantedType(quantization, role), role.rowValues);
}

const BASE_TYPES: Readonly<Record<SyntheticQuantization, MatrixType>> = {
  f16: "F16",
  q8_0: "Q8_0",
  q4_0: "Q4_0",
  q4_k_m: "Q4_K",
};

function wantedType(quantization: SyntheticQuantization, role: MatrixRole): MatrixType {
  const base = BASE_TYPES[quantization];
  if (quantization === "f16" || quantization === "q8_0") return base;
  if (role.kind === "output" || (role.kind === "embedding" && role.tied)) return "Q6_K";
  if (quantization === "q4_0") return base;
  const sensitive = role.kind === "attention-value" || role.kind === "feed-forward-down";
  return sensitive && usesMoreBits(role.layer ?? 0, role.layers) ? "Q6_K" : base;
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
