import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { createProgress } from "./progress.ts";

function terminal() {
  const stream = new PassThrough({ encoding: "utf8" });
  return Object.assign(stream, { isTTY: true, columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream & PassThrough;
}

describe("bars of loading workers and downloads", () => {
  it("erases the bars before it prints above them, so that nothing of them is left in a long line", async () => {
    const stream = terminal();
    const progress = createProgress(stream, (text) => void stream.write(text), systemClock);
    progress.load("1", { share: 0.5, isReady: false });
    progress.load("2", { share: 0.2, isReady: false });
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
    const progress = createProgress(stream, (text) => void stream.write(text), systemClock);
    progress.load("1", { share: 0.5, isReady: false });
    progress.print("the welcome\n");
    progress.load("1", { share: 1, isReady: true });
    progress.print("what comes after\n");
    stream.end();
    assert.match((await stream.toArray()).join(""), /the welcome\n[^]*what comes after\n$/);
  });

  it("says that a worker warms up once it has read its model, and shows no 99% meanwhile", async () => {
    const stream = terminal();
    const progress = createProgress(stream, (text) => void stream.write(text), systemClock);
    progress.load("1", { share: 1, isReady: false });
    progress.end();
    stream.end();
    const shown = (await stream.toArray()).join("");
    assert.match(shown, /worker 1 \[[^\]]*\] is warming up/);
    assert.doesNotMatch(shown, /99%/);
  });

  it("prints what goes wrong with a download on a line of its own, above the bar", async () => {
    const stream = terminal();
    const progress = createProgress(stream, (text) => void stream.write(text), systemClock);
    const { onProgress, end } = progress.transfer("fetching the model");
    onProgress({ doneBytes: 2 ** 20, totalBytes: 2 ** 22 });
    progress.print("the connection was broken off\n");
    end();
    progress.print("done\n");
    stream.end();
    const shown = (await stream.toArray()).join("");
    assert.ok(shown.includes("\u001b[Jthe connection was broken off\n"));
    assert.match(shown, /broken off\n[^]*fetching the model \[[^\]]*\] 25% of 4 MiB/);
    assert.match(shown, /done\n$/);
  });

  it("is plain text where there is no terminal", () => {
    const texts: string[] = [];
    const stream = Object.assign(terminal(), { isTTY: false }) as unknown as NodeJS.WriteStream;
    const progress = createProgress(stream, (text) => void texts.push(text), systemClock);
    progress.load("1", { share: 0.5, isReady: false });
    progress.print("a line\n");
    assert.deepEqual(texts, ["a line\n"]);
  });
});
