/** The IEEE 754 half-precision bits nearest to `value` (ties away from zero; overflow becomes infinity). */
export function toHalf(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent <= 0) {
    if (exponent < -10) return sign;
    const shift = 14 - exponent;
    return sign | (((mantissa | 0x800000) + (1 << (shift - 1))) >> shift);
  }
  return sign | ((exponent << 10) + ((mantissa + 0x1000) >> 13));
}

/** The bytes of `values` in half precision, little endian. */
export function halfBytes(values: ArrayLike<number>): Uint8Array {
  const halves = Uint16Array.from(values, toHalf);
  return new Uint8Array(halves.buffer);
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);
