/** Longer texts are not looked at. */
const MOST_BYTES = 4 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS = new Set([0x5b, 0x7b]);
const CLOSERS = new Set([0x5d, 0x7d]);

/** Whether a JSON object has `"name": true` as a member of its own, not in a text or in another object. Nothing is parsed. */
export function hasTrueMember(body: Buffer, name: string): boolean {
  const quoted = Buffer.from(`"${name}"`);
  if (body.length > MOST_BYTES || !body.includes(quoted)) return false;
  let depth = 0;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) {
      const end = endOfText(body, at);
      if (
        depth === 1 &&
        quoted.equals(body.subarray(at, end)) &&
        /^\s*:\s*true\b/.test(body.toString("latin1", end, end + 32))
      )
        return true;
      at = end - 1;
    } else if (OPENERS.has(byte)) depth += 1;
    else if (CLOSERS.has(byte)) depth -= 1;
  }
  return false;
}

/** Behind the closing quote of the text that begins there. */
function endOfText(body: Buffer, start: number): number {
  let at = start;
  while (true) {
    at = body.indexOf(QUOTE, at + 1);
    if (at < 0) return body.length;
    let before = at - 1;
    while (body[before] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
  }
}
