import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { FAKE_WORKER_PATH } from "../fake-worker/start-fake-worker.ts";
import { DROVER_BIN, type Ended, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";

/** Runs `action` with a port of 127.0.0.1 that is in use meanwhile. */
async function withTakenPort(action: (port: number) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await action((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

describe("bad input to drover", () => {
  const pasture = new Pasture();
  const model = join(pasture.folder, "tiny.gguf");

  before(async () => {
    await writeSyntheticModel("tiny", model, "q8_0");
  });
  after(() => pasture.close());

  /** One clear message, no stack trace, no process left. */
  const assertRefused = (ended: Ended, code: number, message: RegExp) => {
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
    assert.match(ended.stderr, /^drover: /);
    assert.doesNotMatch(ended.stderr, /\n\s+at /);
    assert.deepEqual(pasture.left(), []);
  };

  it("reads the flags behind two dashes too, which package managers hand on", async () => {
    assertRefused(await pasture.run(["up", "--", "--workers", "none"]), 2, /workers.*none/);
  });

  it("refuses a model file that is not there", async () => {
    assertRefused(await pasture.up(["--model", "no-such.gguf"]).ended, 2, /no-such\.gguf/);
  });

  it("refuses a truncated model before a worker starts", async () => {
    const truncated = join(pasture.folder, "truncated.gguf");
    await writeSyntheticModel("tiny", truncated, "q8_0");
    truncateSync(truncated, 100_000);
    assertRefused(await pasture.up(["--model", truncated]).ended, 2, /truncated\.gguf/);
  });

  it("refuses a file that is no GGUF", async () => {
    const text = join(pasture.folder, "text.gguf");
    writeFileSync(text, "this is a text");
    assertRefused(await pasture.up(["--model", text]).ended, 2, /text\.gguf.*GGUF/s);
  });

  it("refuses a context that does not fit into memory, with the arithmetic", async () => {
    const drover = pasture.up(["--model", model, "--workers", "1", "--threads", "1", "--ctx", "2000000000"]);
    assertRefused(
      await drover.ended,
      2,
      /1 worker does not fit into memory: .* are free\. Use less --ctx \(2000000000\)/,
    );
    assert.ok(!drover.entries.some((entry) => entry["to"] === "starting"));
  });

  it("ends with 3 when no worker can load the model, and tries no second time", async () => {
    const command = `${process.execPath} ${FAKE_WORKER_PATH} --script '{"start":"failed"}'`;
    const drover = pasture.up(["--model", model, "--workers", "2", "--threads", "1", "--worker-command", command]);
    assertRefused(await drover.ended, 3, /every worker failed to start: scripted failure at start/);
    assert.equal(drover.entries.filter((entry) => entry["to"] === "starting").length, 2);
  });

  it("refuses more threads than CPUs under --strict, with the arithmetic", async () => {
    const words = ["--model", model, "--threads", "1000", "--strict"];
    const one = await pasture.up([...words, "--workers", "1"]).ended;
    assertRefused(one, 2, /1 worker uses 1000 threads.* only \d+ CPU/);
    const two = await pasture.up([...words, "--workers", "2"]).ended;
    assertRefused(two, 2, /2 workers use 2000 threads in all, .* only \d+ CPU/);
  });

  it("refuses a public port that is in use", () =>
    withTakenPort(async (taken) => {
      const listen = `127.0.0.1:${taken}`;
      assertRefused(await pasture.run(["up", "--listen", listen, "--model", model]), 2, new RegExp(`${taken}`));
    }));

  it("refuses a port in use to a worker that runs alone, before it loads the model", () =>
    withTakenPort(async (taken) => {
      const ended = await pasture.run(["worker", "--model", model, "--port", String(taken)]);
      assertRefused(ended, 2, new RegExp(`^drover: port ${taken} on 127\\.0\\.0\\.1 is in use`));
      assert.equal(ended.stdout, "");
    }));

  it("refuses a context that does not fit to a worker that runs alone, before the kernel has to kill it", async () => {
    const words = ["--model", model, "--port", "0", "--threads", "1", "--ctx", "2000000000"];
    const ended = await pasture.run(["worker", ...words]);
    assertRefused(ended, 2, /^drover: 1 worker does not fit into memory: [^\n]+\n$/);
  });

  it("goes round the port of a worker that is in use, and says so", () =>
    withTakenPort(async (taken) => {
      const words = ["--worker-port", String(taken), "--workers", "1", "--worker-command", fakeCommand()];
      const drover = pasture.up(words);
      const [row] = await drover.workers(([only]) => only?.state === "ready");
      assert.notEqual(row?.port, taken);
      const said = await drover.entry(({ msg }) => new RegExp(`^ports? ${taken}\\b`).test(msg ?? ""));
      assert.match(said.msg ?? "", new RegExp(` in use; taking ${row?.port}$`));
      assert.equal((await drover.end()).code, 0);
    }));

  it("names file, line, key, what is allowed and the nearest key of a wrong drover.yaml", async () => {
    const file = join(pasture.folder, "wrong.yaml");
    writeFileSync(file, "model: demo\nworkers:\n  slotz: 4\n  threads: many\n");
    const ended = await pasture.up(["--config", file]).ended;
    assertRefused(ended, 2, /wrong\.yaml:3: unknown key "workers\.slotz"; did you mean "workers\.slots"\?/);
    assert.match(ended.stderr, /wrong\.yaml:4: "workers\.threads" is "many", but must be "auto" or a whole number/);
  });

  it("refuses a second drover on the same admin socket and leaves the first alone", async () => {
    const first = pasture.up(["--model", model, "--workers", "1", "--threads", "1", "--ctx", "64"]);
    const url = await first.url();
    const second = await pasture.up(["--model", model]).ended;
    assert.equal(second.code, 2);
    assert.match(second.stderr, /^drover: another drover runs with the admin socket .*drover\.sock/);
    assert.equal((await fetch(`${url}/health`)).status, 200);
    assert.equal((await first.end()).code, 0);
  });

  it("says that nothing runs when there is nothing to show, scale or stop", async () => {
    for (const words of [["status"], ["scale", "2"], ["stop"], ["restart"], ["logs"]]) {
      assertRefused(await pasture.run(words), 1, /no drover is running .*drover(-balance)?\.sock/);
    }
  });

  it("names the argument that is missing, the choice that there is not and the number that is none", async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [["scale"], "<count> is missing after `drover scale`. See `drover scale --help`."],
      [["model", "synth", "tiny"], "<out> is missing after `drover model synth`. See `drover model synth --help`."],
      [["model", "synth", "tiny", "m", "--quant", "q9"], 'quant is "q9", but must be one of "q4_0", "q4_k_m", "q8_0"'],
      [["up", "--workers"], "--workers needs a value. See `drover up --help`."],
      [["logs", "--lines", "many"], "--lines must be a number"],
      [["worker", "--port", "x"], "--port must be a number"],
    ];
    for (const [words, said] of wrong) {
      const ended = await pasture.run(words);
      assertRefused(ended, 2, /^drover: [^\n]+\n$/);
      assert.ok(ended.stderr.includes(said), ended.stderr);
    }
  });

  it("says that it is not built, rather than what could not be imported", () => {
    // What the program needs before it is built lies beside it, as in a clone.
    const folder = mkdtempSync(join(dirname(dirname(DROVER_BIN)), "unbuilt-"));
    const bin = join(folder, "bin");
    mkdirSync(bin);
    copyFileSync(DROVER_BIN, join(bin, "drover.mjs"));
    const { status, stderr } = spawnSync(process.execPath, [join(bin, "drover.mjs"), "up"], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    assert.equal(status, 1);
    assert.equal(stderr, "drover: it is not built yet. Run `npx -y pnpm@12.21.0 build` in its folder.\n");
  });

  it("refuses a wrong command or flag and names the nearest", async () => {
    assertRefused(await pasture.run(["statsu"]), 2, /no command "statsu"; did you mean status\?/);
    assertRefused(await pasture.run(["up", "--slot", "4"]), 2, /no flag --slot; did you mean --slots\?/);
    assertRefused(await pasture.run(["bench", "--model", "no-such.gguf"]), 2, /no-such\.gguf does not exist/);
    assertRefused(await pasture.run(["--hlep"]), 2, /no flag --hlep; did you mean --help\?/);
    assert.match((await pasture.run(["help", "scale"])).stdout, /^drover scale <count>/);
    for (const count of ["many", "0", "1025"]) {
      const said = new RegExp(`"${count}" is no number of workers; give a whole number from 1 to 1024`);
      assertRefused(await pasture.run(["scale", count]), 2, said);
    }
  });
});
