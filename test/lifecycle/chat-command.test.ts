import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { execa } from "execa";
import { DROVER_BIN, Pasture } from "../support/drover-process.ts";
import { needs } from "../support/needs.ts";
import { PATIENCE_MS } from "../support/until.ts";

describe("drover chat", () => {
  const pasture = new Pasture();
  after(() => pasture.close());
  before(async () => {
    writeFileSync(join(pasture.folder, "drover.yaml"), "apiKeys: [secret]\n", { mode: 0o600 });
    await pasture.up(["--workers", "1", "--threads", "1", "--slots", "1"]).url();
  });

  it("asks the running drover with the key of its settings file, one message or what it reads", async () => {
    const response = await pasture.run(["chat", "hello", "there"]);
    assert.equal(response.code, 0, response.stderr);
    assert.match(response.stdout, /\w+ \w+ \w+/);
    const piped = await execa(process.execPath, [DROVER_BIN, "chat"], {
      cwd: pasture.folder,
      env: { XDG_RUNTIME_DIR: pasture.folder },
      input: "hello there\n",
    });
    assert.equal(piped.stdout.trimEnd(), response.stdout.trimEnd());
    const unsendable = await pasture.run(["chat", "hello", "--key", "错误的密钥"]);
    assert.match(unsendable.stderr, /^drover: the API key has letters beyond ASCII/);
    const refused = await pasture.run(["chat", "hello", "--key", "wrong"]);
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(refused.stderr, /API key.*--key/);
  });

  it("holds a conversation on a terminal until Ctrl-D", needs("script"), async () => {
    const child = execa("script", ["-qec", [process.execPath, DROVER_BIN, "chat"].join(" "), "/dev/null"], {
      cwd: pasture.folder,
      env: { XDG_RUNTIME_DIR: pasture.folder, PASTURE_OF_TEST: pasture.folder, TERM: "xterm" },
      stdin: "pipe",
      timeout: PATIENCE_MS,
    });
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (seen += text));
    const prompts = async (count: number) => {
      while (seen.split("> ").length <= count) await once(child.stdout, "data");
    };
    await prompts(1);
    assert.match(seen, /^demo on http:\/\/127\.0\.0\.1:\d+\. Ctrl-C stops a response/);
    const before = seen.length;
    child.stdin.write("hello\r");
    await prompts(2);
    assert.match(seen.slice(before), /\w+ \w+ \w+/);
    child.stdin.write("\u0004");
    assert.equal((await child).exitCode, 0);
  });
});
