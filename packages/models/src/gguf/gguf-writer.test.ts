import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ModelError } from "../errors.ts";
import { string } from "./gguf-header.ts";
import { writeError, writeGguf, type GgufFile } from "./gguf-writer.ts";
import { withScratch } from "../test-support/scratch.ts";

const SHAPE = { name: "t", shape: [4], type: "F32" } as const;
const FILE: GgufFile = {
  metadata: new Map([["general.architecture", string("llama")]]),
  tensors: [{ ...SHAPE, data: () => [new Uint8Array(16)] }],
};

describe("writeGguf", () => {
  it("leaves what was there, and nothing else, when the data is not the tensor's", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "a.gguf");
      await writeFile(path, "before");
      const short: GgufFile = { ...FILE, tensors: [{ ...SHAPE, data: () => [new Uint8Array(12)] }] };
      await assert.rejects(writeGguf(path, short), RangeError);
      assert.equal(await readFile(path, "utf8"), "before");
      assert.deepEqual(await readdir(directory), ["a.gguf"]);
    });
  });

  it("makes the folders above", async () => {
    await withScratch(async (directory) => {
      const path = join(directory, "a", "b", "c.gguf");
      await writeGguf(path, FILE);
      assert.equal((await readFile(path)).subarray(0, 4).toString(), "GGUF");
    });
  });

  it("does not try for ever where no folder can be made", async () => {
    await assert.rejects(writeGguf("/proc/no/such/a.gguf", FILE), {
      code: "write_failed",
      message: /\/proc\/no\/such/,
    });
  });
});

describe("writeError", () => {
  it("says that a disk is full, and what to do", () => {
    const error = writeError("/big/a.gguf", Object.assign(new Error("x"), { code: "ENOSPC" }));
    assert.ok(error instanceof ModelError);
    assert.deepEqual(
      [error.code, /\/big\/a\.gguf can't be written: the disk is full/.test(error.message)],
      ["disk_full", true],
    );
  });
});
