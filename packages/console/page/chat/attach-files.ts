/** Longer ones than this no model on a CPU reads, and the field could not show them. */
const MOST_BYTES = 512 * 1024;

/** A message with text files behind it, each as a block of code under its name. `refused`: names of those that are no text, or too long. */
export async function withFiles(
  message: string,
  files: readonly Pick<File, "name" | "size" | "text">[],
): Promise<{ readonly text: string; readonly refused: readonly string[] }> {
  const blocks = message.trim() === "" ? [] : [message.trimEnd()];
  const refused: string[] = [];
  for (const file of files) {
    const content = file.size > MOST_BYTES ? undefined : await file.text();
    // What a decoder puts where bytes are no UTF-8, and what no text has.
    if (content === undefined || /[\0\uFFFD]/u.test(content)) refused.push(file.name);
    else blocks.push(blockOf(file.name, content));
  }
  return { text: blocks.join("\n\n"), refused };
}

function blockOf(name: string, content: string): string {
  const longest = Math.max(2, ...[...content.matchAll(/`+/gu)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const language = /\.(\w+)$/u.exec(name)?.[1] ?? "";
  return `${name}:\n${fence}${language}\n${content.replace(/\n$/u, "")}\n${fence}`;
}
