import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Pasture } from "../support/drover-process.ts";

const SWITCH = "/sys/kernel/mm/transparent_hugepage/enabled";

/** Whether this kernel gives huge pages to those that ask, and to nobody else, and the C library is one that can be told to. */
function isAskable(): boolean {
  const report = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  try {
    return report.header.glibcVersionRuntime !== undefined && readFileSync(SWITCH, "utf8").includes("[madvise]");
  } catch {
    return false;
  }
}

/** Whether any of its memory was asked to be of huge pages; that there are some to give depends on the machine. */
const asks = (pid: number) => /^VmFlags:.* hg\b/m.test(readFileSync(`/proc/${pid}/smaps`, "utf8"));

const skip = isAskable() ? false : "needs glibc, and a kernel that gives huge pages to those that ask";

describe("huge pages", { skip }, () => {
  for (const [tunables, hasThem] of [
    ["", true],
    ["glibc.malloc.hugetlb=0", false],
  ] as const) {
    it(`a worker ${hasThem ? "asks for them by itself" : "leaves them to a user who chose otherwise"}`, async (test) => {
      const pasture = new Pasture();
      test.after(() => pasture.close());
      const drover = pasture.up(["--model", "demo", "--workers", "1"], { GLIBC_TUNABLES: tunables });
      const [worker] = await drover.workers((rows) => rows.some(({ state }) => state === "ready"));
      assert.equal(asks(worker?.pid ?? 0), hasThem);
    });
  }
});
