import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";

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
  read: (path) => readFileSync(toPath(path), "latin1"),
  glob: (pattern) => (/[*?[]/.test(pattern) ? expand(pattern) : [pattern]),
  resolve: (prefix, path) => (isAbsolute(path) ? path : resolve(prefix, path)),
};

/** The directory relative names in `file` start from: nginx's configuration prefix. */
export function configPrefix(file: string): string {
  return dirname(resolve(file));
}

/** Names in a configuration are bytes; paths are UTF-8. */
export function toPath(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/** `2: No such file or directory`, as nginx writes a system error. */
export function systemError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return errnoTexts[code] ?? (error instanceof Error ? error.message : String(error));
}

const errnoTexts: Readonly<Record<string, string>> = {
  EPERM: "1: Operation not permitted",
  ENOENT: "2: No such file or directory",
  ESRCH: "3: No such process",
  EACCES: "13: Permission denied",
  EEXIST: "17: File exists",
  ENOTDIR: "20: Not a directory",
  EISDIR: "21: Is a directory",
  EMFILE: "24: Too many open files",
  EADDRINUSE: "98: Address already in use",
  EADDRNOTAVAIL: "99: Cannot assign requested address",
  ECONNRESET: "104: Connection reset by peer",
  ETIMEDOUT: "110: Connection timed out",
  ECONNREFUSED: "111: Connection refused",
  EHOSTUNREACH: "113: No route to host",
  EPIPE: "32: Broken pipe",
};

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
    return exists(path) ? [path] : [];
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

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
