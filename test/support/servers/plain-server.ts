import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkerRow } from "../drover-process.ts";
import { environmentOf } from "../processes.ts";

/** A server that knows nothing of Drover: `/health` is 200, all else the process id as JSON. `deaf`: it ignores TERM. */
const SERVER = `
  import { createServer } from "node:http";
  if (process.argv[3] === "deaf") process.on("SIGTERM", () => {});
  const body = JSON.stringify({ pid: process.pid });
  createServer((request, response) => response.end(body)).listen(Number(process.argv[2]), "127.0.0.1");
`;

/** Writes the server and a script that starts it the given way; `$@` are its arguments, the port first. @returns the script's path */
export function writeScript(folder: string, name: string, body: string): string {
  const server = join(folder, "server.mjs");
  writeFileSync(server, SERVER);
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/bash\nserver="${process.execPath} ${server}"\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Asks the worker's port which process serves. Linux only, because the worker's secret stands in its environment. */
export async function serverPid(row: WorkerRow): Promise<number> {
  const response = (await (await fetch(`http://127.0.0.1:${row.port}/`)).json()) as { readonly pid: number };
  if (!environmentOf(response.pid).some((entry) => entry.startsWith("DROVER_WORKER_SECRET=")))
    throw new Error("not ours");
  return response.pid;
}
