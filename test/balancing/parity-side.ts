import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { RawClient, type SeenAnswer } from "./raw-client.ts";
import type { Scenario, Step } from "./scenario.ts";
import type { ScriptedUpstream, SeenRequest } from "./scripted-upstream.ts";

/** Everything that can be seen of a scenario from outside. */
export interface Observation {
  readonly answers: readonly Omit<SeenAnswer, "rest">[];
  readonly requests: readonly SeenRequest[];
  readonly logs: Readonly<Record<string, string>>;
}

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

  /** Runs a scenario with its servers; they are reset afterwards. `addresses` are what `@name` stands for. */
  async observe(
    scenario: Scenario,
    upstreams: readonly ScriptedUpstream[],
    addresses: ReadonlyMap<string, string>,
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
    const logs = await this.#logs(conf);
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
    const endMs = Date.now() + 30_000;
    while (!(await isOpen(port))) {
      if (Date.now() > endMs || this.#child.exitCode !== null) {
        throw new Error(`${this.#command.join(" ")} does not listen:\n${this.#errors()}`);
      }
      await pause(10);
    }
  }

  #errors(): string {
    return existsSync(this.#path("error.log")) ? readFileSync(this.#path("error.log"), "utf8").slice(-2000) : "";
  }

  async #logs(conf: string): Promise<Readonly<Record<string, string>>> {
    const names = [...conf.matchAll(/access_log \S*\/(\w+\.log)/g)].map((match) => match[1] ?? "");
    if (names.length === 0) return {};
    // Lines are written after the answer has gone out.
    const read = (): [string, string][] =>
      [...new Set(names)].map((name) => [name, readFileSync(this.#path(name), "latin1")]);
    const endMs = Date.now() + 5000;
    for (let before = ""; Date.now() < endMs; await pause(200)) {
      const now = JSON.stringify(read());
      if (now === before && read().every(([, text]) => text !== "")) break;
      before = now;
    }
    return Object.fromEntries(read());
  }
}

async function take(step: Step, port: number, upstreams: readonly ScriptedUpstream[]): Promise<SeenAnswer[]> {
  if (step.kind === "requests") return inTurn(step.texts, port);
  if (step.kind === "pipelined") return pipelined(step.texts, port);
  if (step.kind === "together") return together(step.texts, port, upstreams);
  if (step.kind === "leave") return leave(step.text, port, upstreams);
  if (step.kind === "switch") return [await switched(step, port)];
  if (step.kind === "slow") return [await slowly(step, port)];
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
  const isClosed = await client.isClosed(1500);
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
  await client.isClosed(20_000);
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
    const endMs = Date.now() + 5000;
    while (seen() === before && !client.heard && Date.now() < endMs) await pause(2);
  }
  for (const upstream of upstreams) upstream.release();
  const answers = await Promise.all(clients.map((client) => bounded(client.read("GET"), "together")));
  for (const client of clients) client.destroy();
  return answers;
}

/** The answer is held until the client has left; what came of it shows in the upstream's connections and in the log. */
async function leave(text: string, port: number, upstreams: readonly ScriptedUpstream[]): Promise<SeenAnswer[]> {
  const client = new RawClient(port);
  client.write(text);
  const open = (): number => upstreams.reduce((sum, upstream) => sum + upstream.open, 0);
  await until(() =>
    upstreams.some((upstream) => upstream.seen.some(({ line }) => text.startsWith(line.split(" HTTP")[0] ?? "-"))),
  );
  client.destroy();
  // Where the request goes on there is nothing to wait for but time.
  await until(() => open() === 0, 1500);
  const line = `${open()} open after the client left`;
  for (const upstream of upstreams) upstream.release();
  await until(() => open() === 0);
  return [{ line, fields: [], body: "", whole: true, interim: [] }];
}

async function until(condition: () => boolean, limitMs = 5000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition() && Date.now() < endMs) await pause(5);
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
  return {
    ...answer,
    body: same(answer.body),
    fields: answer.fields.map((field) => same(field).replace(/^date: \w{3}, .*GMT$/, "date: NOW")),
  };
}

function methodOf(text: string): string {
  return text.split(" ", 1)[0] ?? "";
}

async function bounded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within 30 s: ${what.slice(0, 200)}`)), 30_000);
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
