import type { Readable } from "node:stream";

/** All that a stream brings, as UTF-8. */
export async function textOf(stream: Readable): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const part of stream) text += String(part);
  return text;
}
