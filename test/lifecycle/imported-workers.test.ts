import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Drover, DROVER_BIN, Pasture, type WorkerRow } from "../support/drover-process.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { commandOf } from "../support/processes.ts";

/** A model server as people have it: it knows its two flags and one route, and nothing of health checks. */
const app = `
import http from "node:http";
const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
http.createServer((request, response) => {
  if (request.method !== "POST") return response.writeHead(404).end("no such route");
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => setTimeout(() => response.end([flag("--port"), flag("--n_threads"), body].join(" ")), 20));
}).listen(Number(flag("--port")), "127.0.0.1");
`;

const IMPORTED = "Wrote drover.yaml. Look at its comments, then: drover up --config drover.yaml\n";

const areReady = (rows: readonly WorkerRow[]) => rows.length === 2 && rows.every((row) => row.state === "ready");

describe("drover up from an imported nginx configuration", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("starts the upstream's servers by their command, spreads requests over them and brings a killed one back", async () => {
    const at = (name: string) => join(pasture.folder, name);
    const listen = await freePort();
    const first = await freePorts(2);
    writeFileSync(at("app.mjs"), app);
    writeFileSync(
      at("llm.conf"),
      `upstream deepseek_backend { least_conn; server 127.0.0.1:${first}; server 127.0.0.1:${first + 1}; }
server { listen 127.0.0.1:${listen}; location / { proxy_pass http://deepseek_backend; } }\n`,
    );
    const command = `${process.execPath} app.mjs --port {port} --n_threads {threads}`;
    const imported = await pasture.run(["import", "nginx", "llm.conf", "--command", command, "-o", "drover.yaml"]);
    assert.deepEqual(imported, { code: 0, stdout: "", stderr: IMPORTED });
    assert.ok(existsSync(at("drover.yaml")));

    const drover = startIn(pasture);
    const rows = await drover.workers(areReady);
    assert.deepEqual(
      rows.map((row) => row.port),
      [first, first + 1],
    );
    const ask = async (body: string): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${listen}/generate`, { method: "POST", body });
      return `${response.status} ${await response.text()}`;
    };
    const said = await Promise.all(Array.from({ length: 8 }, (_, index) => ask(`request-${index}`)));
    for (const [index, text] of said.entries()) assert.match(text, new RegExp(`^200 \\d+ [1-9]\\d* request-${index}$`));
    assert.deepEqual(new Set(said.map((text) => Number(text.split(" ")[1]))), new Set([first, first + 1]));

    const { pid } = rows[0] ?? {};
    assert.ok(pid);
    assert.ok(commandOf(pid).includes("app.mjs"));
    process.kill(pid, "SIGKILL");
    const after = await Promise.all(Array.from({ length: 8 }, () => ask("again")));
    assert.ok(
      after.every((text) => text.startsWith("200 ")),
      after.join("\n"),
    );
    await drover.workers((found) => areReady(found) && found[0]?.pid !== pid);
    assert.match(await ask("last"), /^200 /);
    assert.equal((await drover.end()).code, 0);
    assert.deepEqual(pasture.left(), []);
  });
});

/** `drover up` and no flag: everything stands in the folder's drover.yaml. */
function startIn(pasture: Pasture): Drover {
  const env = { ...process.env, XDG_RUNTIME_DIR: pasture.folder, PASTURE_OF_TEST: pasture.folder };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  return new Drover(pasture, spawn(process.execPath, [DROVER_BIN, "up"], { cwd: pasture.folder, env, stdio }));
}
