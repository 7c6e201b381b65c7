const table = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** A CRC-32 (IEEE) that has seen nothing. */
export const crc32Start = 0xffffffff;

/** Continues with `bytes`; `crc32End` makes the result. */
export function crc32Update(state: number, bytes: Uint8Array): number {
  let value = state;
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return value >>> 0;
}

/** The checksum, unsigned. */
export function crc32End(state: number): number {
  return (state ^ 0xffffffff) >>> 0;
}
