import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { execa } from "execa";
import { FAKE_WORKER_PATH } from "../fake-worker/start-fake-worker.ts";
import { needs } from "../support/needs.ts";

const supervisor = dirname(dirname(createRequire(import.meta.url).resolve("@drover/supervisor")));
const bin = join(supervisor, "bin", "drover.js");

describe("drover bench compare", () => {
  it(
    "measures Drover, nginx before the same pinned workers, and a given command with the same load",
    needs("nginx", "taskset"),
    async () => {
      const against = `${process.execPath} ${FAKE_WORKER_PATH} --port {port}`;
      const load = ["--users", "2", "--warmup", "0", "--duration", "1s", "--think", "0", "--max-tokens", "4"];
      const words = ["--workers", "1", "--rounds", "1", "--only", "pinned", "--against", against, "--json"];
      const { stdout, stderr, exitCode } = await execa(process.execPath, [bin, "bench", "compare", ...load, ...words], {
        reject: false,
        timeout: 120_000,
      });
      assert.equal(exitCode, 0, stderr);
      const report = JSON.parse(stdout) as {
        sides: { name: string }[];
        rounds: { side: string; steps: { counts: { ok: number } }[] }[];
        ratios: { other: string; metric: string; ratio?: { value: number } }[];
      };
      assert.deepEqual(
        report.sides.map(({ name }) => name),
        ["drover", "nginx, same workers", "node"],
      );
      for (const { side, steps } of report.rounds) assert.ok((steps[0]?.counts.ok ?? 0) > 0, side);
      assert.ok(report.ratios.some(({ other, ratio }) => other === "node" && (ratio?.value ?? 0) > 0));
    },
  );
});
