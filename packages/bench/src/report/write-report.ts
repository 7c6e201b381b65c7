import { messageOf } from "@drover/foundation/error-text";
import { closeSync, lstatSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { BenchError, type BenchErrorCode } from "../errors.ts";

/**
 * Makes sure, before a long run, that a report can be written there. Leaves an existing file as it is, and none where there was none.
 * @throws BenchError `bad_option`
 */
export function requireWritable(path: string): void {
  try {
    const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
    closeSync(openSync(path, "a"));
    if (isNew) unlinkSync(path);
  } catch (error) {
    throw unwritable(path, error, "bad_option");
  }
}

/** @throws BenchError `report_unwritable`, as on a full disk */
export function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable(path, error, "report_unwritable");
  }
}

function unwritable(path: string, error: unknown, as: BenchErrorCode): BenchError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full",
    EACCES: "permission is denied",
    EROFS: "the file system is read-only",
    ENOENT: "there is no such folder",
    EISDIR: "it is a folder",
  };
  const reason = reasons[code] ?? messageOf(error);
  return new BenchError(as, `the report ${path} can't be written: ${reason}`, { cause: error });
}
