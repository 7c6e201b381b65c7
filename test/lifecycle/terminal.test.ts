import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { type ExecaError, execa } from "execa";
import { DROVER_BIN, Pasture } from "../support/drover-process.ts";
import { needs } from "../support/needs.ts";
import { nextPorts } from "../support/ports.ts";
import { commandOf, signalIfThere } from "../support/processes.ts";
import { PATIENCE_MS } from "../support/until.ts";

const BAR = /\[[█░]+\] /;
const FETCHING = /fetching \[[█░]+\] \d+% of \d+ [KM]iB/;
const ESCAPE = "\u001b";

describe("progress bars", () => {
  const pasture = new Pasture();
  const model = join(pasture.folder, "tiny.gguf");
  const environment = { XDG_RUNTIME_DIR: pasture.folder, XDG_CACHE_HOME: join(pasture.folder, "cache") };

  before(() => writeSyntheticModel("tiny", model, "f16"));
  after(() => pasture.close());

  /** Runs a drover on a terminal; `stop` ends it where it does not by itself. @returns what the terminal got */
  const onTerminal = async (words: readonly string[], stop?: (seen: string) => boolean) => {
    const command = [process.execPath, DROVER_BIN, ...words].join(" ");
    const child = execa("script", ["-qec", command, "/dev/null"], {
      cwd: pasture.folder,
      env: { ...environment, PASTURE_OF_TEST: pasture.folder, TERM: "xterm" },
      stdin: "ignore",
      buffer: false,
      reject: false,
      timeout: PATIENCE_MS,
    });
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
      if (stop?.(seen) === true) for (const pid of pasture.left()) endDrover(pid);
    });
    await (child as Promise<unknown>).catch((error: ExecaError) => error);
    return seen;
  };

  it("of loading workers show on a terminal, and are erased when the workers are ready", needs("script"), async () => {
    const words = [
      "up",
      "--model",
      model,
      "--workers",
      "1",
      "--threads",
      "1",
      "--slots",
      "1",
      "--listen",
      "127.0.0.1:0",
    ];
    words.push("--worker-port", String(nextPorts(10)));
    const seen = await onTerminal(words, (text) => text.includes("Drover serves on") && !endsInBar(text));
    assert.match(seen, /worker 1 \[[█░]+\] (\d+% of the model is read|is warming up)/);
    assert.match(afterLastBar(seen), ERASED);
    assert.match(seen, /Drover serves on http:/);
  });

  it("of a download show on a terminal, and are erased when it is here", needs("script"), async () => {
    const server = await serve(model);
    try {
      const seen = await onTerminal(["model", "pull", `${server.url}/terminal.gguf`], (text) => {
        if (FETCHING.test(text)) server.sendRest();
        return false;
      });
      assert.match(seen, FETCHING);
      assert.match(afterLastBar(seen), ERASED);
      assert.match(seen, /127\.0\.0\.1_terminal\.gguf\r\n$/);
    } finally {
      server.close();
    }
  });

  it("are not there on a pipe, nor is any escape code", async () => {
    const server = await serve(model);
    server.sendRest();
    try {
      const pulled = await pasture.run(["model", "pull", `${server.url}/pipe.gguf`], environment);
      assert.deepEqual([pulled.code, pulled.stderr], [0, ""]);
      assert.doesNotMatch(pulled.stdout, BAR);
      const drover = pasture.up(["--model", model, "--workers", "1", "--threads", "1", "--slots", "1"], environment);
      await drover.url();
      const { stdout, stderr } = await drover.end();
      assert.ok(!`${pulled.stdout}${stdout}${stderr}`.includes(ESCAPE));
      assert.doesNotMatch(stdout + stderr, BAR);
    } finally {
      server.close();
    }
  });
});

/** Back to the line's start, then the line or all below it is cleared. */
const ERASED = new RegExp(`${ESCAPE}\\[1G${ESCAPE}\\[(?:2K|0?J|0K)`);

function afterLastBar(seen: string): string {
  const last = Math.max(seen.lastIndexOf("█"), seen.lastIndexOf("░"));
  return seen.slice(last + 1);
}

function endsInBar(seen: string): boolean {
  return !ERASED.test(afterLastBar(seen));
}

/** SIGTERM for the drover of a terminal, not for its workers: they are its own to end. */
function endDrover(pid: number): void {
  const words = commandOf(pid);
  if (words[0] === process.execPath && words[2] === "up") signalIfThere(pid, "SIGTERM");
}

/** Gives the first half of the file, and the rest once it is told to, so that there is a while to show. */
async function serve(file: string) {
  const content = readFileSync(file);
  const go = new EventEmitter();
  const told = once(go, "rest");
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, content.length / 2));
    void told.then(() => response.end(content.subarray(content.length / 2)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, sendRest: () => go.emit("rest"), close };
}
