/** A byte as nginx escapes it in logs: `\x1F`. */
export function hex(ch: string): string {
  return `\\x${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
