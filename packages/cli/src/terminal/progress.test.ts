import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { createProgress } from "./progress.ts";

function terminal() {
  const stream = new PassThrough({ encoding: "utf8" });
  return Object.assign(stream, { isTTY: true, columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream & PassThrough;
}

describe("the progress of loading workers", () => {
  it("erases the bars before it prints above them, so that nothing of them is left in a long line", async () => {
    const stream = terminal();
    const progress = createProgress(stream, (text) => void stream.write(text));
    progress.update("1", 0.5);
    progress.update("2", 0.2);
    progress.print(`${"long ".repeat(40)}\n`);
    let shown = "";
    for await (const part of stream) {
      shown += String(part);
      if (shown.includes("long ")) break;
    }
    progress.end();
    assert.match(shown, /worker 1 \[/);
    assert.ok(shown.includes("\u001b[Jlong "));
  });

  it("shows what was printed just before its end, and after it", async () => {
    const stream = terminal();
    const progress = createProgress(stream, (text) => void stream.write(text));
    progress.update("1", 0.5);
    progress.print("the welcome\n");
    progress.update("1", 1);
    progress.print("what comes after\n");
    stream.end();
    assert.match((await stream.toArray()).join(""), /the welcome\n[^]*what comes after\n$/);
  });

  it("is plain text where there is no terminal", () => {
    const texts: string[] = [];
    const stream = Object.assign(terminal(), { isTTY: false }) as unknown as NodeJS.WriteStream;
    const progress = createProgress(stream, (text) => void texts.push(text));
    progress.update("1", 0.5);
    progress.print("a line\n");
    assert.deepEqual(texts, ["a line\n"]);
  });
});
