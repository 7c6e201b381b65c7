/** `1 worker`, `2 workers`. */
export function plural(count: number, noun: string): string {
  return `${count} ${nounOf(count, noun)}`;
}

/** `worker` for one, `workers` for any other number, where that stands elsewhere. */
export function nounOf(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

/** A size with one unit: `7 KiB`, `350 MiB`, `1.5 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  if (bytes >= 2 ** 20) return `${Math.round(bytes / 2 ** 20)} MiB`;
  return bytes >= 2 ** 10 ? `${Math.round(bytes / 2 ** 10)} KiB` : plural(bytes, "byte");
}

/** [0, 1, 2, 5] as `0-2,5`. */
export function shortRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}

/**
 * Breaks a line at blanks, so that no piece is longer than `columns` where its words allow it. Blanks inside stay as they are; the pieces after
 * the first are indented.
 */
export function wrap(line: string, columns: number, indent = "  "): readonly string[] {
  const [first = "", ...words] = line.split(" ");
  const lines: string[] = [];
  let current = first;
  for (const word of words) {
    const next = `${current} ${word}`;
    if (next.length <= columns || current.trim() === "") current = next;
    else {
      lines.push(current);
      current = `${indent}${word}`;
    }
  }
  return [...lines, current];
}

/** Levels that a file of ours may have. */
export const MOST_YAML_LEVELS = 64;

const NESTED_BLOCKS = new RegExp(`(?:[-?:][ \\t]+){${MOST_YAML_LEVELS}}`);

/**
 * Whether a YAML text may have more levels than {@link MOST_YAML_LEVELS}; asked before it is parsed. The parser recurses, and where
 * the stack has no room for the compilation of a regular expression V8 ends the process.
 */
export function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
    if (depth > MOST_YAML_LEVELS) return true;
  }
  return NESTED_BLOCKS.test(text);
}
