import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { execa } from "execa";
import { writeSyntheticModel } from "@drover/models";
import { needs } from "../support/needs.ts";
import { allowedCpus, commandOf, runningProcesses } from "../support/processes.ts";
import { until } from "../support/until.ts";

const main = join(
  dirname(createRequire(import.meta.url).resolve("@drover/bench")),
  "measure",
  "worker-speed",
  "main.js",
);

/** Other measurements are pinned to the first CPU. */
const last = ["--cpu", String(allowedCpus().at(-1))];

describe("a measurement of the worker's speed", () => {
  let folder: string;
  let model: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "drover-speed-"));
    model = join(folder, "tiny.gguf");
    await writeSyntheticModel("tiny", model, "q4_0");
  });
  after(() => rm(folder, { recursive: true }));

  /** The measuring process, not the one that started it. */
  const measuring = () =>
    runningProcesses().filter((pid) => {
      const command = commandOf(pid).join(" ");
      return command.includes("child.mjs") && command.includes(model);
    });

  for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
    for (const moment of ["opens its model", "measures"] as const) {
      it(`leaves nothing behind when ${signal} ends it while it ${moment}`, needs("taskset"), async () => {
        // Two minutes, if nobody ends it.
        const run = execa(process.execPath, [main, ...last, "--model", model, "churn"], { reject: false });
        let printed = "";
        run.stdout.on("data", (text) => (printed += String(text)));
        await until(() => measuring().length > 0, "the measuring process");
        if (moment === "measures") await until(() => printed.includes("step costs"), "the measurement");
        run.kill(signal);
        await run;
        await until(() => measuring().length === 0, "its end");
      });
    }
  }
});
