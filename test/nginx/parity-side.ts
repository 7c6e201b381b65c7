import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { isDeepStrictEqual } from "node:util";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { inTurn, pause, take } from "./parity-steps.ts";
import type { SeenResponse } from "../support/raw-client.ts";
import type { Scenario } from "./scenario.ts";
import type { ScriptedUpstream, SeenRequest } from "../support/servers/scripted-upstream.ts";

/** Everything that can be seen of a scenario from outside. */
export interface Observation {
  readonly responses: readonly Omit<SeenResponse, "rest">[];
  readonly requests: readonly SeenRequest[];
  readonly logs: Logs;
}

/** Texts by the name of the file. */
type Logs = Readonly<Record<string, string>>;

const MORE_LINES_MS = 500;

/** A running proxy: the real nginx, or drover-nginx; both are told each scenario's configuration by a reload. */
export class Side {
  readonly folder: string;
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;

  constructor(folder: string, command: readonly string[]) {
    this.folder = folder;
    this.#command = command;
    mkdirSync(folder, { recursive: true });
  }

  /** Runs a scenario with its servers; they are reset afterwards. `addresses` are what `@name` stands for, `expected` what the other side did. */
  async observe(
    scenario: Scenario,
    upstreams: readonly ScriptedUpstream[],
    addresses: ReadonlyMap<string, string>,
    expected?: Observation,
  ): Promise<Observation> {
    const port = await freePort();
    const besides = await freePort();
    const conf = this.#configuration(scenario, { port, besides }, addresses);
    const logNames = logNamesOf(conf);
    writeFileSync(this.#path("nginx.conf"), conf);
    await this.#load(port);
    const order: SeenRequest[] = [];
    const responses: SeenResponse[] = [];
    const seen = (): SeenRequest[] => upstreams.flatMap((upstream) => upstream.seen);
    for (const step of scenario.steps) {
      const loggedBefore = this.#loggedBytes(logNames);
      responses.push(...(await take(step, port, upstreams)));
      if (step.kind === "reset") await until(() => this.#loggedBytes(logNames) > loggedBefore, "a line in the log");
      await readAll();
      // Between steps all requests have ended, so what is new came in this step; within one, by server.
      order.push(...seen().filter((request) => !order.includes(request)));
    }
    // One process serves in the order of events: when this has its response, all that came before has been logged.
    if (logNames.length > 0) await inTurn(["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"], besides);
    const logs = await this.#logs(logNames, expected?.logs);
    for (const upstream of upstreams) upstream.reset();
    return {
      responses: responses.map((response) => normalResponse(response, port)),
      requests: order.map((request) => ({ ...request, fields: request.fields.toSorted() })),
      logs,
    };
  }

  async close(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await once(this.#child, "exit");
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  /** `besides` is the port of a server that is in no log and asks nobody. */
  #configuration(
    { conf }: Scenario,
    { port, besides }: { readonly port: number; readonly besides: number },
    addresses: ReadonlyMap<string, string>,
  ): string {
    let text = conf.replaceAll("LISTEN", `127.0.0.1:${port}`).replaceAll("FOLDER", this.folder);
    for (const name of [...addresses.keys()].toSorted((a, b) => b.length - a.length)) {
      text = text.replaceAll(new RegExp(`@${name}\\b`, "g"), addresses.get(name) ?? "");
    }
    const temporary = ["client_body", "proxy"].map((name) => `${name}_temp_path ${this.#path(name)};`);
    const user = process.getuid?.() === 0 ? "user root;" : "";
    return `daemon off; ${user} pid ${this.#path("nginx.pid")}; error_log ${this.#path("error.log")} info;
events { worker_connections 256; }
http { access_log off; ${temporary.join(" ")}
${text}
server { listen 127.0.0.1:${besides}; access_log off; return 204; }
}
`;
  }

  async #load(port: number): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null) {
      const [program = "", ...words] = this.#command;
      this.#child = spawn(
        program,
        [...words, "-p", this.folder, "-e", this.#path("error.log"), "-c", this.#path("nginx.conf")],
        {
          stdio: ["ignore", "ignore", "pipe"],
        },
      );
      this.#child.stderr?.on("data", (bytes: Buffer) => process.stderr.write(bytes));
    } else {
      this.#child.kill("SIGHUP");
    }
    const child = this.#child;
    await until(async () => child.exitCode !== null || (await isOpen(port)), `it listens:\n${this.#errors()}`);
    if (child.exitCode !== null) throw new Error(`${this.#command.join(" ")} ended:\n${this.#errors()}`);
  }

  #errors(): string {
    return existsSync(this.#path("error.log")) ? readFileSync(this.#path("error.log"), "utf8").slice(-2000) : "";
  }

  #loggedBytes(names: readonly string[]): number {
    return names.reduce((sum, name) => sum + this.#log(name).length, 0);
  }

  /** Empty while there is none. */
  #log(name: string): string {
    return existsSync(this.#path(name)) ? readFileSync(this.#path(name), "latin1") : "";
  }

  /** Lines are written after the response has gone out. `awaited` is what they should be, where that is known. */
  async #logs(names: readonly string[], awaited: Logs | undefined): Promise<Logs> {
    if (names.length === 0) return {};
    const read = (): Logs => Object.fromEntries(names.map((name) => [name, this.#log(name)]));
    // Where they stay different, the comparison says how.
    if (awaited !== undefined) await until(() => isDeepStrictEqual(read(), awaited), "the logs").catch(() => {});
    await pause(MORE_LINES_MS);
    return read();
  }
}

function logNamesOf(conf: string): readonly string[] {
  return [...new Set([...conf.matchAll(/access_log \S*\/(\w+\.log)/g)].map((match) => match[1] ?? ""))];
}

/** What the proxy sent before its response is in the kernel: one turn of the loop accepts it and the next one reads it. */
async function readAll(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Whatever differs between any two runs of one program is put aside; so is the program's name. */
function normalResponse(response: SeenResponse, port: number): SeenResponse {
  const same = (text: string): string =>
    text.replaceAll(/nginx\/1\.22\.1|drover\/0\.1\.0/g, "SERVER").replaceAll(`:${port}`, ":PORT");
  // The same text may be compressed in more than one way.
  const isGzip = response.whole && response.body !== "" && response.fields.includes("content-encoding: gzip");
  const body = isGzip ? gunzipSync(Buffer.from(response.body, "latin1")).toString("latin1") : response.body;
  return {
    ...response,
    body: same(body),
    fields: response.fields.map((field) => same(field).replace(/^date: \w{3}, .*GMT$/, "date: NOW")),
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
