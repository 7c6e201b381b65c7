import { readFile, rm, stat, writeFile } from "node:fs/promises";

/** A download that was begun. `validator` is what `If-Range` takes: a strong ETag, or the date of the last change. */
export interface PartialFile {
  readonly path: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  readonly validator: string | undefined;
}

/**
 * What is there of a download to `path`: the bytes in `path.part`, as far as `path.part.json` says where they come from. Without that,
 * or without a validator, nothing: bytes of two versions of a file must not be joined.
 */
export async function readPartial(path: string, url: string): Promise<PartialFile> {
  const nothing = { path: `${path}.part`, doneBytes: 0, totalBytes: undefined, validator: undefined };
  const note = parseNote(await readFile(`${path}.part.json`, "utf8").catch(() => ""));
  const stats = await stat(nothing.path).catch(() => undefined);
  if (note === undefined || stats === undefined || note.url !== url) return nothing;
  if (note.totalBytes !== undefined && stats.size > note.totalBytes) return nothing;
  return { path: nothing.path, doneBytes: stats.size, totalBytes: note.totalBytes, validator: note.validator };
}

/** Notes where the bytes of `path.part` come from; before the first of them is written. */
export async function notePartial(
  path: string,
  note: { readonly url: string; readonly totalBytes: number | undefined; readonly validator: string | undefined },
): Promise<void> {
  await writeFile(`${path}.part.json`, JSON.stringify(note));
}

export async function dropPartial(path: string): Promise<void> {
  await rm(`${path}.part.json`, { force: true });
  await rm(`${path}.part`, { force: true });
}

interface Note {
  readonly url: string;
  readonly totalBytes: number | undefined;
  readonly validator: string;
}

function parseNote(text: string): Note | undefined {
  let note: unknown;
  try {
    note = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof note !== "object" || note === null) return undefined;
  if (!("url" in note) || typeof note.url !== "string") return undefined;
  if (!("validator" in note) || typeof note.validator !== "string") return undefined;
  const totalBytes = "totalBytes" in note && typeof note.totalBytes === "number" ? note.totalBytes : undefined;
  return { url: note.url, totalBytes, validator: note.validator };
}
