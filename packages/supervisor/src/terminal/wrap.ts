/**
 * Breaks a line at blanks, so that no piece is longer than `columns` where its words allow it. Blanks inside stay as they are; what goes on is
 * indented.
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
