import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";

/** A measurement with a server that it has started; "on" when both run. */
const program = `
  import { execa } from ${JSON.stringify(import.meta.resolve("execa"))};
  import { interruptible } from ${JSON.stringify(import.meta.resolve("./interruptible.js"))};
  const { signal } = interruptible();
  const server = execa(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { reject: false });
  signal.addEventListener("abort", () => {
    setImmediate(async () => {
      console.log("what there is");
      if (process.argv.includes("stubborn")) return;
      server.kill();
      await server;
      process.exit(0);
    });
  });
  server.once("spawn", () => console.log("on"));
`;

describe("a measurement that is interrupted", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`prints what there is at the first ${signal}, while a server of its own runs`, async () => {
      const { child, ended, saying } = await start();
      child.kill(signal);
      await saying("what there is\n");
      assert.deepEqual(await ended, [0, null]);
    });
  }

  it("ends at the second one, and its server with it", async () => {
    const { child, ended, saying } = await start("stubborn");
    child.kill("SIGINT");
    await saying("what there is\n");
    child.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT"]);
  });
});

async function start(...words: readonly string[]) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  let said = "";
  const saying = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => said.includes(text) && resolve();
      child.stdout.on("data", look);
      look();
    });
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await saying("on\n");
  return { child, ended, saying };
}
