import { jsonOf } from "@drover/foundation/json-text";
import { lstat, readFile, rename, rm, writeFile } from "node:fs/promises";

/** What a server tells of a file. */
export interface ToldFile {
  readonly totalBytes: number | undefined;
  /** What `If-Range` takes: a strong ETag, or the date of the last change. */
  readonly validator: string | undefined;
  /** Hexadecimal. */
  readonly sha256: string | undefined;
}

/** A download that was begun: its first `doneBytes`, and everything from `tailFrom` on. */
export interface PartialFile extends ToldFile {
  readonly doneBytes: number;
  /** undefined where the end has not arrived. */
  readonly tailFrom: number | undefined;
}

/** What is noted of a download beside its bytes. */
export interface PartialNote extends ToldFile {
  readonly url: string;
  /** Of a file whose end came by other connections: its length says nothing then. Bytes before `doneBytes` and from `tailFrom` on are there. */
  readonly ends?: { readonly doneBytes: number; readonly tailFrom: number } | undefined;
}

const nothing: PartialFile = {
  doneBytes: 0,
  tailFrom: undefined,
  totalBytes: undefined,
  validator: undefined,
  sha256: undefined,
};

/**
 * What is there of a download to `path`: the bytes in `path.part`, as far as `path.part.json` says where they come from. Without that,
 * or without a validator, nothing: bytes of two versions of a file must not be joined.
 */
export async function readPartial(path: string, url: string): Promise<PartialFile> {
  const note = parseNote(await readFile(`${path}.part.json`, "utf8").catch(() => ""));
  const stats = await lstat(`${path}.part`).catch(() => undefined);
  // Somebody else's link would have another file written over.
  if (note === undefined || stats?.isFile() !== true || note.url !== url) return nothing;
  const { totalBytes, validator, sha256, ends } = note;
  if (totalBytes !== undefined && stats.size > totalBytes) return nothing;
  const doneBytes = ends?.doneBytes ?? stats.size;
  if (doneBytes > stats.size) return nothing;
  return { doneBytes, tailFrom: ends?.tailFrom, totalBytes, validator, sha256 };
}

/** How many bytes of it are there. */
export function bytesOf({ doneBytes, tailFrom, totalBytes }: PartialFile): number {
  return doneBytes + (tailFrom === undefined ? 0 : (totalBytes ?? tailFrom) - tailFrom);
}

/** Notes where the bytes of `path.part` come from; before the first of them is written. It is never seen half written. */
export async function notePartial(path: string, note: PartialNote): Promise<void> {
  await writeNote(`${path}.part.json`, JSON.stringify(note));
}

/** Writes it into a new file, which then takes the name: wherever a link of these names leads, nothing is written there. */
export async function writeNote(path: string, text: string): Promise<void> {
  const own = `${path}.new`;
  await rm(own, { force: true });
  await writeFile(own, text, { flag: "wx" });
  await rename(own, path);
}

export async function dropPartial(path: string): Promise<void> {
  await rm(`${path}.part.json`, { force: true });
  await rm(`${path}.part`, { force: true });
}

function parseNote(text: string): PartialNote | undefined {
  const value = jsonOf(text);
  if (typeof value !== "object" || value === null) return undefined;
  const note = value as Readonly<Record<string, unknown>>;
  const { url, validator, totalBytes, sha256 } = note;
  if (typeof url !== "string" || typeof validator !== "string") return undefined;
  return {
    url,
    validator,
    totalBytes: typeof totalBytes === "number" ? totalBytes : undefined,
    sha256: typeof sha256 === "string" ? sha256 : undefined,
    ends: endsOf(note["ends"]),
  };
}

function endsOf(value: unknown): PartialNote["ends"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { doneBytes, tailFrom } = value as Readonly<Record<string, unknown>>;
  return typeof doneBytes === "number" && typeof tailFrom === "number" ? { doneBytes, tailFrom } : undefined;
}
