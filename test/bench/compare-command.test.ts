import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { execa } from "execa";
import { FAKE_WORKER_PATH } from "../fake-worker/start-fake-worker.ts";
import { readForConsole } from "../support/console-report.ts";
import { needs } from "../support/needs.ts";
import { COMMAND_LIMIT_MS } from "../support/until.ts";

const bin = createRequire(import.meta.url).resolve("@drover/cli/bin/drover.js");

/** The rounds of a comparison once more, as if it had run twice. */
async function mergeTwice(json: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "drover-merge-test-"));
  const files = ["1.json", "2.json"].map((name) => join(folder, name));
  try {
    for (const file of files) writeFileSync(file, json);
    const merge = (...words: string[]) =>
      execa(process.execPath, [bin, "bench", "merge", ...files, ...words], { reject: false });
    const { stdout, exitCode } = await merge("--csv", join(folder, "rounds.csv"));
    assert.equal(exitCode, 0);
    assert.match(stdout, /geometric mean of 2 rounds/);
    assert.equal(readFileSync(join(folder, "rounds.csv"), "utf8").split("\r\n").length, 1 + 6 + 1);
    const missed = await merge("--expect", "requests/s >= 1000000 at 2");
    assert.equal(missed.exitCode, 1);
    assert.match(missed.stderr, /FAIL {2}requests\/s >= 1000000 at 2: .* over node/);
    const wrong = await merge("--expect", "speed >= 1");
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /there is no figure "speed"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("drover bench compare", { concurrency: 2 }, () => {
  it("refuses an unknown set-up at once, and a command that does not start before anything was measured", async () => {
    const unknown = await execa(process.execPath, [bin, "bench", "compare", "--only", "nginx"], { reject: false });
    assert.equal(unknown.exitCode, 2);
    assert.match(unknown.stderr, /there are hand-made, pinned, llama-server and none/);
    const absent = await execa(process.execPath, [bin, "bench", "compare", "--llama-server", "/nope"], {
      reject: false,
    });
    assert.equal(absent.exitCode, 2);
    assert.match(absent.stderr, /--llama-server: \/nope is no program/);
    const words = ["--workers", "1", "--only", "none", "--against", "sh -c 'echo out of luck; exit 3'"];
    const broken = await execa(process.execPath, [bin, "bench", "compare", ...words], { reject: false });
    assert.equal(broken.exitCode, 1);
    assert.match(broken.stderr, /ended\n\s+out of luck/);
    assert.doesNotMatch(broken.stderr, /round 1/);
  });

  it(
    "measures Drover, nginx before the same pinned workers, and a given command with the same load",
    needs("nginx", "taskset"),
    async () => {
      const against = `${process.execPath} ${FAKE_WORKER_PATH} --port {port}`;
      const load = ["--users", "2", "--warmup", "0", "--duration", "1s", "--think", "0", "--max-tokens", "4"];
      const words = [
        "--least-responses",
        "1",
        "--workers",
        "1",
        "--rounds",
        "1",
        "--only",
        "pinned",
        "--against",
        against,
        "--json",
      ];
      const { stdout, stderr, exitCode } = await execa(process.execPath, [bin, "bench", "compare", ...load, ...words], {
        reject: false,
        timeout: COMMAND_LIMIT_MS,
        // The Drover of side (a) wants it.
        env: { DROVER_API_KEY: "team=a-key-of-the-team" },
      });
      assert.equal(exitCode, 0, stderr);
      const report = JSON.parse(stdout) as {
        sides: { name: string }[];
        rounds: { side: string; steps: { counts: { ok: number; unfinished: number; failed: number } }[] }[];
        ratios: { other: string; metric: string }[];
      };
      assert.deepEqual(
        report.sides.map(({ name }) => name),
        ["drover", "nginx, same workers", "node"],
      );
      // On a busy machine a second may be too short for a response; then it is on its way, and none has failed.
      for (const { side, steps } of report.rounds) {
        const { ok, unfinished, failed } = steps[0]?.counts ?? assert.fail(`${side} was measured`);
        assert.ok(ok + unfinished > 0, side);
        assert.equal(failed, 0, side);
      }
      assert.ok(report.ratios.some(({ other, metric }) => other === "node" && metric === "response p95"));
      const shown = await readForConsole(stdout);
      assert.deepEqual(
        shown?.tables[0]?.rows.map((row) => row.slice(0, 2)),
        [
          ["nginx, same workers", "2"],
          ["node", "2"],
        ],
      );
      assert.match(shown.tables[0]?.rows[1]?.[2] ?? "", /^(?:at (?:least|most) )?[\d.]+x|^–$/);
      assert.deepEqual(shown.charts[0]?.xs, [2]);
      await mergeTwice(stdout);
    },
  );
});
