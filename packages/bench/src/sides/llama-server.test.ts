import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, describe, it } from "node:test";
import { findLlamaServer, llamaServerArguments, llamaServerSide, readLlamaServerBuild } from "./llama-server.ts";

const folder = mkdtempSync(join(tmpdir(), "drover-llama-server-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A stand-in for the program, which writes down its arguments and serves /health. */
const program = join(folder, "llama-server");
writeFileSync(
  program,
  `#!${process.execPath}
const args = process.argv.slice(2);
if (args[0] === "--help") console.log("-np N\\n--no-ui, --no-webui");
else if (args[0] === "--version") console.error("version: 1234 (abc)\\nbuilt with x");
else {
  require("node:fs").writeFileSync(${JSON.stringify(join(folder, "args.json"))}, JSON.stringify(args));
  require("node:http").createServer((_, response) => response.end("{}")).listen(Number(args[args.indexOf("--port") + 1]), "127.0.0.1");
}
`,
);
chmodSync(program, 0o755);

const setup = { path: program, modelFile: "/m.gguf", threads: 2, slots: 16, contextTokens: 1024 };

describe("llama-server as a side of a comparison", () => {
  it("is the given program, or the first in PATH; a given one that can't be run is an error", () => {
    assert.equal(findLlamaServer(undefined, ["/nowhere", folder].join(delimiter)), program);
    assert.equal(findLlamaServer(undefined, "/nowhere"), undefined);
    assert.equal(findLlamaServer(program, ""), program);
    assert.throws(() => findLlamaServer("/nowhere/llama-server", folder), { code: "bad_option" });
  });

  it("gets all CPUs, Drover's slots and Drover's context in each slot, and no page where it can do without", () => {
    const line = llamaServerArguments(setup, 8081, "--no-webui").join(" ");
    assert.equal(line, "-m /m.gguf --host 127.0.0.1 --port 8081 -t 2 -np 16 -c 16384 --no-webui");
    assert.equal(llamaServerArguments(setup, 8081, "").at(-1), "16384");
  });

  it("takes further arguments after its own, so that they win, and ends when it is told to", async () => {
    const build = await readLlamaServerBuild(program);
    const side = llamaServerSide(setup, build, '-kvu --alias "my model"');
    assert.equal(side.name, 'llama-server -kvu --alias "my model"');
    assert.match(side.doc, /version 1234 \(abc\): -t 2 -np 16 -c 16384 -kvu/);
    const running = await side.start(new AbortController().signal);
    const { default: args } = (await import(join(folder, "args.json"), { with: { type: "json" } })) as {
      default: string[];
    };
    await running.stop();
    assert.deepEqual(args.slice(-4), ["--no-ui", "-kvu", "--alias", "my model"]);
    await assert.rejects(fetch(`${running.url}/health`));
  });

  it("says why a program without --help is none", async () => {
    await assert.rejects(readLlamaServerBuild("/bin/false"), { code: "server_failed", message: /--help failed/ });
  });
});
