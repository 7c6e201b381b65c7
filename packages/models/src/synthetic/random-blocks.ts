import { ggmlType, type WrittenType } from "../gguf/ggml-types.ts";
import { toHalf } from "../gguf/half-float.ts";
import type { RandomSource } from "./random-source.ts";

/** The encodings that matrices have here. */
export type MatrixType = Exclude<WrittenType, "F32">;

/** Makes quantized matrices of random weights with mean 0 and a given standard deviation. */
export interface RandomBlocks {
  /** Overwrites `target`, which is complete blocks of `type`. */
  readonly draw: (target: Uint8Array, type: MatrixType, deviation: number) => void;
}

/**
 * Random bytes are drawn once and reused from random places: drawing two gigabytes would take longer than writing them, and
 * no result depends on the weights.
 */
export function randomBlocks(random: RandomSource): RandomBlocks {
  const pool = Buffer.alloc(POOL_BYTES);
  for (let at = 0; at < pool.length; at += 4) pool.writeUInt32LE(random.uint32(), at);
  const nibbles = Buffer.from(pool.map(withoutZeroNibbles));
  return {
    draw: (target, type, deviation) => {
      const source = type === "Q4_0" || type === "Q4_K" ? nibbles : pool;
      for (let done = 0; done < target.length; ) {
        const start = random.uint32() % (POOL_BYTES / 2);
        const piece = source.subarray(start, start + Math.min(POOL_BYTES / 2, target.length - done));
        target.set(piece, done);
        done += piece.length;
      }
      scale(Buffer.from(target.buffer, target.byteOffset, target.length), type, deviation);
    },
  };
}

const POOL_BYTES = 1 << 20;

/** 4-bit values stand for q - 8: without 0 they are 1 to 15, whose mean is 8. */
function withoutZeroNibbles(byte: number): number {
  const low = byte & 0x0f || 8;
  return low | (byte & 0xf0 || 0x80);
}

/** Sets each block's scales so that its values have the deviation. Layouts: ggml-common.h. */
function scale(target: Buffer, type: MatrixType, deviation: number): void {
  if (type === "F16") return scaleHalves(target, deviation);
  const { blockBytes } = ggmlType(type);
  const half = toHalf(deviation / UNIT_DEVIATION[type]);
  for (let at = 0; at < target.length; at += blockBytes) {
    if (type === "Q6_K") {
      target.fill(SUBSCALE, at + 192, at + 208);
      target.writeUInt16LE(half, at + 208);
      continue;
    }
    target.writeUInt16LE(half, at);
    if (type !== "Q4_K") continue;
    // w = d * scale * q - dmin * min, with every 6-bit scale and min 16, packed into 12 bytes; 8 is the mean of q
    target.writeUInt16LE(toHalf((8 * deviation) / UNIT_DEVIATION.Q4_K), at + 2);
    target.fill(0x50, at + 4, at + 12);
    target.fill(0, at + 12, at + 16);
  }
}

const SUBSCALE = 16;

/** The standard deviation of a block's values with scale 1. */
const UNIT_DEVIATION = {
  Q4_0: 4.32,
  Q5_0: 9.23,
  Q8_0: 73.9,
  Q4_K: 4.32 * SUBSCALE,
  Q6_K: 18.5 * SUBSCALE,
} as const;

/** Keeps sign and mantissa of the random bits and sets the exponent: ±(1 to 2) * 2^e, whose deviation is 1.53 * 2^e. */
function scaleHalves(target: Buffer, deviation: number): void {
  const exponent = Math.round(Math.log2(deviation / 1.53)) + 15;
  for (let at = 1; at < target.length; at += 2) {
    const random = target[at] ?? 0;
    target[at] = (random & 0x83) | (exponent << 2);
  }
}
