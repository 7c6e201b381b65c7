import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Clock } from "@drover/foundation/clock";
import { eventually } from "../test-support/eventually.ts";
import { digestFiles, watchFiles } from "./watch-files.ts";

describe("files that are followed", () => {
  let folder = "";
  let file = "";
  let changes = 0;
  let look: (() => void) | undefined;
  const clock: Clock = {
    monotonicMs: () => 0,
    epochMs: () => 0,
    after: () => () => undefined,
    every(_periodMs, then) {
      look = then;
      return () => (look = undefined);
    },
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "drover-watch-"));
    file = join(folder, "keys");
    changes = 0;
    writeFileSync(file, "first");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const follow = (seen: string) => watchFiles([file], seen, clock, () => (changes += 1));
  const lookUntil = (wanted: number): Promise<void> =>
    eventually(`${wanted} changes`, () => {
      look?.();
      return changes === wanted;
    });

  it("tells of a change that came before the first look", async () => {
    const seen = digestFiles([file]);
    writeFileSync(file, "other");
    const stop = follow(seen);
    await lookUntil(1);
    stop();
  });

  it("tells of a change that leaves time and size as they were, and of each one once", async () => {
    const stop = follow(digestFiles([file]));
    const { atime, mtime } = statSync(file);
    writeFileSync(file, "other");
    utimesSync(file, atime, mtime);
    await lookUntil(1);
    rmSync(file);
    await lookUntil(2);
    writeFileSync(file, "first");
    await lookUntil(3);
    stop();
  });
});
