import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { execa } from "execa";
import { needs } from "../support/needs.ts";
import { commandOf, runningProcesses } from "../support/processes.ts";

const supervisor = dirname(dirname(createRequire(import.meta.url).resolve("@drover/supervisor")));
const bin = join(supervisor, "bin", "drover.js");

/** Running processes that were given the word. */
const running = (word: string) => runningProcesses().filter((pid) => commandOf(pid).includes(word));
const until = async (condition: () => boolean, what: string) => {
  const endMs = performance.now() + 90_000;
  while (!condition()) {
    assert.ok(performance.now() < endMs, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe("a measurement that is killed", () => {
  it("leaves no Drover behind that it had started", needs("setpriv"), async () => {
    // A word that only these processes have: the started Drover gets the same flag.
    const mark = `--worker-port=${20_000 + (process.pid % 20_000)}`;
    const bench = execa(process.execPath, [bin, "bench", mark, "--workers", "1", "--users", "1"], { reject: false });
    await until(() => running(mark).length >= 2, "the measurement and its Drover");
    bench.kill("SIGKILL");
    await bench;
    await until(() => running(mark).length === 0, "the end of the started Drover");
  });
});
