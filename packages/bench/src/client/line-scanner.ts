const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts a server-sent event stream into the values of its `data:` lines, wherever the network cut it. Comments, blank lines
 * and other fields are ignored. Works on bytes and decodes complete lines only, so that no character is ever split.
 * @returns what takes the stream's next chunk
 */
export function createLineScanner(onData: (data: string) => void): (chunk: Buffer) => void {
  let rest = EMPTY;
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const data = dataOf(bytes, start, end);
      if (data !== undefined) onData(data);
      start = end + 1;
    }
    rest = start === bytes.length ? EMPTY : Buffer.from(bytes.subarray(start));
  };
}

function dataOf(bytes: Buffer, start: number, lineEnd: number): string | undefined {
  // "data:" in bytes; comparing them costs less than decoding every comment.
  const isData =
    bytes[start] === 100 &&
    bytes[start + 1] === 97 &&
    bytes[start + 2] === 116 &&
    bytes[start + 3] === 97 &&
    bytes[start + 4] === 58;
  if (!isData) return undefined;
  const end = bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
  const from = bytes[start + 5] === 32 ? start + 6 : start + 5;
  return bytes.toString("utf8", from, end);
}
