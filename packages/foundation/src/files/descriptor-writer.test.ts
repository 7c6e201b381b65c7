import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createManualClock } from "../test-support/manual-clock.ts";
import { createDescriptorWriter } from "./descriptor-writer.ts";

describe("a writer to a descriptor", () => {
  let folder: string;
  let descriptors: number[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "drover-writer-"));
    descriptors = [];
  });
  afterEach(() => {
    for (const descriptor of descriptors) closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });

  const open = (file: string, flags: string | number) => {
    const descriptor = openSync(file, flags);
    descriptors.push(descriptor);
    return descriptor;
  };

  it("is flushed once all is written, and leaves no timer behind that would keep the process", async () => {
    const file = join(folder, "log");
    const clock = createManualClock();
    const writer = createDescriptorWriter(open(file, "w"), { clock, encoding: "latin1" });
    writer.write("one\n");
    writer.write("tw\u00f6\n");
    await writer.flush();
    assert.equal(readFileSync(file, "latin1"), "one\ntw\u00f6\n");
    assert.equal(clock.waiting(), 0);
    await writer.flush();
    assert.equal(clock.waiting(), 0);
  });

  it("waits for more behind a first text, but not when it is flushed", async () => {
    const file = join(folder, "log");
    const clock = createManualClock();
    const writer = createDescriptorWriter(open(file, "w"), { clock });
    writer.write("one\n");
    while (clock.waiting() === 0) await turn();
    writer.write("two\n");
    assert.equal(readFileSync(file, "utf8"), "one\n");
    await writer.flush();
    assert.equal(readFileSync(file, "utf8"), "one\ntwo\n");
  });

  /** A pipe whose reader has stopped, as of a terminal that was held by Ctrl-S. */
  function stoppedPipe(): { readonly descriptor: number; readonly read: () => string } {
    const path = join(folder, "pipe");
    assert.equal(spawnSync("mkfifo", [path]).status, 0);
    const descriptor = open(path, constants.O_RDWR | constants.O_NONBLOCK);
    const read = () => {
      const bytes = Buffer.alloc(1 << 20);
      let length = 0;
      try {
        // The thread that writes fills the pipe while it is read, and a read into no room would return nothing for ever.
        while (length < bytes.length) length += readSync(descriptor, bytes, length, bytes.length - length, null);
      } catch {
        // Nothing more is there.
      }
      return bytes.toString("utf8", 0, length);
    };
    return { descriptor, read };
  }

  it("gives a full pipe time, holds no flush up for long, and says how much had no room", async () => {
    const { descriptor, read } = stoppedPipe();
    const clock = createManualClock();
    const writer = createDescriptorWriter(descriptor, { clock, lossNote: (lost) => `${lost} lost\n` });
    const text = `${"x".repeat(1 << 20)}\n`;
    for (let count = 0; count < 8; count += 1) writer.write(text);
    while (clock.waiting() === 0) await turn();
    const flushed = writer.flush();
    clock.advance(1000);
    await flushed;
    let seen = "";
    const wanted = `${text}3 lost\n${text.repeat(4)}`;
    while (seen.length < wanted.length) {
      clock.advance(100);
      await turn();
      seen += read();
    }
    assert.equal(seen, wanted);
    await writer.written();
  });
});
