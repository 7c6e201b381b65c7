import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { isDeepStrictEqual } from "node:util";
import { freePort } from "../support/ports.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { RawClient, type SeenAnswer } from "./raw-client.ts";
import type { Scenario, Step } from "./scenario.ts";
import type { ScriptedUpstream, SeenRequest } from "./scripted-upstream.ts";

/** Everything that can be seen of a scenario from outside. */
export interface Observation {
  readonly answers: readonly Omit<SeenAnswer, "rest">[];
  readonly requests: readonly SeenRequest[];
  readonly logs: Logs;
}

/** Texts by the name of the file. */
type Logs = Readonly<Record<string, string>>;

/** An upstream connection that is not closed within this time after its client has left stays open. */
const OPEN_MS = 3000;
const LOGS_MS = 20_000;
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
    const conf = this.#configuration(scenario, port, addresses);
    writeFileSync(this.#path("nginx.conf"), conf);
    await this.#load(port);
    const order: SeenRequest[] = [];
    const answers: SeenAnswer[] = [];
    const seen = (): SeenRequest[] => upstreams.flatMap((upstream) => upstream.seen);
    for (const step of scenario.steps) {
      answers.push(...(await take(step, port, upstreams)));
      // Between steps all requests have ended, so what is new came in this step; within one, by server.
      order.push(...seen().filter((request) => !order.includes(request)));
    }
    const logs = await this.#logs(conf, expected?.logs);
    for (const upstream of upstreams) upstream.reset();
    return {
      answers: answers.map((answer) => normalAnswer(answer, port)),
      requests: order.map((request) => ({ ...request, fields: request.fields.toSorted() })),
      logs,
    };
  }

  async close(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null) return;
    this.#child.kill("SIGTERM");
    await once(this.#child, "exit");
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  #configuration({ conf }: Scenario, port: number, addresses: ReadonlyMap<string, string>): string {
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

  /** Lines are written after the answer has gone out. `awaited` is what they should be, where that is known. */
  async #logs(conf: string, awaited: Logs | undefined): Promise<Logs> {
    const names = [...conf.matchAll(/access_log \S*\/(\w+\.log)/g)].map((match) => match[1] ?? "");
    if (names.length === 0) return {};
    const read = (): [string, string][] =>
      [...new Set(names)].map((name) => [name, readFileSync(this.#path(name), "latin1")]);
    const areThere = (): boolean =>
      awaited === undefined
        ? read().every(([, text]) => text !== "")
        : isDeepStrictEqual(Object.fromEntries(read()), awaited);
    // Where they stay different, the comparison says how.
    await until(areThere, "the logs are written", LOGS_MS).catch(() => {});
    await pause(MORE_LINES_MS);
    return Object.fromEntries(read());
  }
}

async function take(step: Step, port: number, upstreams: readonly ScriptedUpstream[]): Promise<SeenAnswer[]> {
  if (step.kind === "requests") return inTurn(step.texts, port);
  if (step.kind === "pipelined") return pipelined(step.texts, port);
  if (step.kind === "together") return together(step.texts, port, upstreams);
  if (step.kind === "leave") return leave(step, port, upstreams);
  if (step.kind === "switch") return [await switched(step, port)];
  if (step.kind === "slow") return [await slowly(step, port)];
  if (step.kind === "reset") return reset(step.text, port);
  if (step.kind === "unread") return [await unread(step, port)];
  await pause(step.ms);
  return [];
}

/** The answer, and whether the connection was closed behind it without being asked. */
async function slowly({ parts, everyMs }: Extract<Step, { kind: "slow" }>, port: number): Promise<SeenAnswer> {
  const client = new RawClient(port);
  for (const [index, part] of parts.entries()) {
    if (index > 0) await pause(everyMs);
    if (client.heard) break;
    client.write(part);
  }
  const answer = await bounded(client.read("GET"), parts.join(""));
  const isClosed = await client.isClosed();
  client.destroy();
  return { ...answer, interim: [...answer.interim, isClosed ? "then closed" : "then open"] };
}

/** How much of a cut answer came is the kernel's affair. */
async function unread({ text, forMs }: Extract<Step, { kind: "unread" }>, port: number): Promise<SeenAnswer> {
  const client = new RawClient(port);
  client.pause();
  client.write(text);
  await pause(forMs);
  client.resume();
  await client.isClosed();
  const answer = await bounded(client.read("GET"), text);
  client.destroy();
  return { ...answer, body: answer.whole ? `${answer.body.length} bytes` : "cut" };
}

async function inTurn(texts: readonly string[], port: number): Promise<SeenAnswer[]> {
  const client = new RawClient(port);
  const answers: SeenAnswer[] = [];
  for (const text of texts) {
    client.write(text);
    answers.push(await bounded(client.read(methodOf(text)), text));
  }
  client.destroy();
  return answers;
}

async function pipelined(texts: readonly string[], port: number): Promise<SeenAnswer[]> {
  const client = new RawClient(port);
  client.write(texts.join(""));
  const answers: SeenAnswer[] = [];
  for (const text of texts) answers.push(await bounded(client.read(methodOf(text)), text));
  client.destroy();
  return answers;
}

async function together(
  texts: readonly string[],
  port: number,
  upstreams: readonly ScriptedUpstream[],
): Promise<SeenAnswer[]> {
  const seen = (): number => upstreams.reduce((sum, upstream) => sum + upstream.seen.length, 0);
  const clients: RawClient[] = [];
  for (const text of texts) {
    const before = seen();
    const client = new RawClient(port);
    client.write(text);
    clients.push(client);
    await until(() => seen() > before || client.heard, "it reaches an upstream, or is answered");
  }
  for (const upstream of upstreams) upstream.release();
  const answers = await Promise.all(clients.map((client) => bounded(client.read("GET"), "together")));
  for (const client of clients) client.destroy();
  return answers;
}

/** The answer is held until the client has left; what came of it shows in the upstream's connections and in the log. */
async function leave(
  { text, goesOn }: Extract<Step, { kind: "leave" }>,
  port: number,
  upstreams: readonly ScriptedUpstream[],
): Promise<SeenAnswer[]> {
  const client = new RawClient(port);
  client.write(text);
  const open = (): number => upstreams.reduce((sum, upstream) => sum + upstream.open, 0);
  const isThere = ({ line }: SeenRequest) => text.startsWith(line.split(" HTTP")[0] ?? "-");
  await until(() => upstreams.some(({ seen }) => seen.some(isThere)), "it reaches an upstream");
  client.destroy();
  // Where the request goes on there is nothing to wait for but time.
  if (goesOn === true) await pause(OPEN_MS);
  else await until(() => open() === 0, "the upstream's connection is closed");
  const line = `${open()} open after the client left`;
  for (const upstream of upstreams) upstream.release();
  await until(() => open() === 0, "the upstream's connection is closed at last");
  return [{ line, fields: [], body: "", whole: true, interim: [] }];
}

/** What came of it shows in the log. */
async function reset(text: string, port: number): Promise<SeenAnswer[]> {
  const client = new RawClient(port);
  await client.reset(text);
  await pause(100);
  return [];
}

async function switched(step: Extract<Step, { kind: "switch" }>, port: number): Promise<SeenAnswer> {
  const client = new RawClient(port);
  client.write(step.text);
  const head = await bounded(client.read("GET"), step.text);
  client.write(step.bytes);
  const bytes = await bounded(client.bytes(step.bytes.length), step.text);
  client.destroy();
  return { ...head, body: bytes };
}

/** Whatever differs between any two runs of one program is put aside; so is the program's name. */
function normalAnswer(answer: SeenAnswer, port: number): SeenAnswer {
  const same = (text: string): string =>
    text.replaceAll(/nginx\/1\.22\.1|drover\/0\.1\.0/g, "SERVER").replaceAll(`:${port}`, ":PORT");
  // The same text may be compressed in more than one way.
  const isGzip = answer.whole && answer.body !== "" && answer.fields.includes("content-encoding: gzip");
  const body = isGzip ? gunzipSync(Buffer.from(answer.body, "latin1")).toString("latin1") : answer.body;
  return {
    ...answer,
    body: same(body),
    fields: answer.fields.map((field) => same(field).replace(/^date: \w{3}, .*GMT$/, "date: NOW")),
  };
}

function methodOf(text: string): string {
  return text.split(" ", 1)[0] ?? "";
}

async function bounded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer: ${what.slice(0, 200)}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
