import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { toPath } from "../system-error.ts";

/** What the parser needs of a file system. Text is one character per byte (latin1), so that nothing in it is changed. */
export interface ConfigFiles {
  /** @throws the system's error (`ENOENT`, …) when the file cannot be read. */
  read(path: string): string;
  /** Paths that match, sorted; a pattern without wildcards gives itself, whether it exists or not. */
  glob(pattern: string): readonly string[];
  /** Absolute path of `path` as written in a file whose configuration prefix is `prefix`. */
  resolve(prefix: string, path: string): string;
}

/** The real file system. `include` patterns follow glob(3): `*`, `?`, `[…]`, and hidden files only by name. */
export const systemFiles: ConfigFiles = {
  read: (path) => (isEndless(toPath(path)) ? "" : readFileSync(toPath(path), "latin1")),
  glob: (pattern) => (/[*?[]/.test(pattern) ? expand(pattern) : [pattern]),
  resolve: (prefix, path) => (isAbsolute(path) ? path : resolve(prefix, path)),
};

/** Of a device or a pipe nginx reads what its size says, which is nothing: to read on would never end. */
function isEndless(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

function expand(pattern: string): string[] {
  const [first = "", ...rest] = toPath(pattern).split("/");
  let found = [first === "" ? "/" : first];
  for (const part of rest) found = found.flatMap((directory) => matches(directory, part));
  return found.toSorted().map((path) => Buffer.from(path, "utf8").toString("latin1"));
}

function matches(directory: string, part: string): string[] {
  if (part === "") return [directory];
  if (!/[*?[]/.test(part)) {
    const path = join(directory, part);
    return existsSync(path) ? [path] : [];
  }
  const regex = globRegex(part);
  return list(directory)
    .filter((name) => regex.test(name) && (part.startsWith(".") || !name.startsWith(".")))
    .map((name) => join(directory, name));
}

function globRegex(part: string): RegExp {
  const source = part.replace(/\[!?[^\]]+\]|[\s\S]/g, (piece) => {
    if (piece === "*") return "[^/]*";
    if (piece === "?") return "[^/]";
    if (piece.length > 2) return `[${piece.slice(1, -1).replace(/^!/, "^").replaceAll("\\", "\\\\")}]`;
    return piece.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
  });
  try {
    return new RegExp(`^${source}$`, "u");
  } catch {
    // A range such as [z-a]: glob(3) matches nothing with it.
    return /$.^/;
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
