/** One event of a stream, or a comment (a line that begins with a colon), in the order of the stream. */
export type StreamPart =
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "event"; readonly name: string; readonly data: string };

/** Cuts server-sent events out of text that comes in any pieces (WHATWG HTML, 9.2.6). */
export class SseParser {
  #rest = "";
  #name = "";
  #data: string[] = [];

  /** The parts that are complete with this piece. */
  push(piece: string): readonly StreamPart[] {
    const parts: StreamPart[] = [];
    const text = this.#rest + piece;
    let start = 0;
    for (let end = lineEnd(text, start); end >= 0; end = lineEnd(text, start)) {
      this.#line(text.slice(start, end), parts);
      start = end + (text.startsWith("\r\n", end) ? 2 : 1);
    }
    this.#rest = text.slice(start);
    return parts;
  }

  #line(line: string, parts: StreamPart[]): void {
    if (line === "") this.#dispatch(parts);
    else if (line.startsWith(":")) parts.push({ kind: "comment", text: line.slice(1).trim() });
    else {
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (field === "event") this.#name = value;
      if (field === "data") this.#data.push(value);
    }
  }

  #dispatch(parts: StreamPart[]): void {
    if (this.#data.length > 0) parts.push({ kind: "event", name: this.#name, data: this.#data.join("\n") });
    this.#name = "";
    this.#data = [];
  }
}

/** Where the next line ends; -1: not yet. A carriage return at the very end may be half of a line's end. */
function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\n") return at;
    if (text[at] === "\r") return at + 1 < text.length ? at : -1;
  }
  return -1;
}
