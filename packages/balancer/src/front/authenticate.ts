import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { FrontDoorError } from "../errors.ts";

/** The keys that are let in, kept as digests only. */
export interface KeyRing {
  readonly size: number;
  /** The label of the key that was sent; undefined for none or a wrong one. Takes as long for a near miss as for any other. */
  labelOf(headers: IncomingHttpHeaders): string | undefined;
}

export interface KeySources {
  /** `KEY` or `label=KEY`. */
  readonly keys: readonly string[];
  /** One a line; empty lines and `#` comments are skipped. */
  readonly file: string | undefined;
}

/** Reads all keys. @throws FrontDoorError when the file cannot be read or a key is too short to be one */
export function readKeys(sources: KeySources): KeyRing {
  const lines = [...sources.keys, ...(sources.file === undefined ? [] : linesOf(sources.file))];
  const known = lines.map((line, index) => readKey(line, index));
  return {
    size: known.length,
    labelOf(headers) {
      const sent = sentKey(headers);
      if (sent === undefined) return undefined;
      const digest = digestOf(sent);
      let label: string | undefined;
      // All are compared, so that the time tells nothing of which one it was.
      for (const key of known) if (timingSafeEqual(key.digest, digest)) label = key.label;
      return label;
    },
  };
}

const shortest = 4;

function readKey(line: string, index: number): { label: string; digest: Buffer } {
  const match = /^([A-Za-z0-9_.@-]{1,64})=(.+)$/.exec(line);
  const key = match?.[2] ?? line;
  if (key.length < shortest) {
    throw new FrontDoorError(`API key ${index + 1} has fewer than ${shortest} characters; choose a longer one`);
  }
  return { label: match?.[1] ?? `key${index + 1}`, digest: digestOf(key) };
}

function linesOf(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  } catch (error) {
    throw new FrontDoorError(`the API keys in ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

/** `Authorization: Bearer KEY`, or Anthropic's `x-api-key`. */
function sentKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const other = headers["x-api-key"];
  return bearer ?? (typeof other === "string" ? other : undefined);
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
