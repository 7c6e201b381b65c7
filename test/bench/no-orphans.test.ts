import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { dieWithParent } from "@drover/bench";
import { execa } from "execa";
import { needs } from "../support/needs.ts";
import { nextPorts } from "../support/ports.ts";
import { commandOf, runningProcesses } from "../support/processes.ts";
import { until } from "../support/until.ts";

const bin = createRequire(import.meta.url).resolve("@drover/cli/bin/drover.js");

/** Running processes that were given the word. */
const running = (word: string) => runningProcesses().filter((pid) => commandOf(pid).includes(word));

describe("a measurement that is killed", () => {
  it("leaves no Drover behind that it had started", needs("setpriv"), async () => {
    // A word that only these processes have: the started Drover gets the same flag.
    const mark = `--worker-port=${nextPorts(20)}`;
    const bench = execa(process.execPath, [bin, "bench", mark, "--workers", "1", "--users", "1"], { reject: false });
    await until(() => running(mark).length >= 2, "the measurement and its Drover");
    bench.kill("SIGKILL");
    await bench;
    await until(() => running(mark).length === 0, "the end of the started Drover");
  });

  it("is noticed by what it has just started, though the kernel was not told in time", needs("setpriv"), async () => {
    const { file, args } = dieWithParent({ file: "echo", args: ["begun"] });
    assert.equal((await execa(file, args)).stdout, "begun");
    // Another process is its parent, as when the first one has died.
    const adopted = await execa("sh", ["-c", '"$@"; exit $?', "sh", file, ...args], { reject: false });
    assert.deepEqual([adopted.exitCode, adopted.stdout], [1, ""]);
  });
});
