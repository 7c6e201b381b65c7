import { writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../chaos/random.ts";
import type { Drover, Pasture } from "../../support/drover-process.ts";
import { signalIfThere } from "../../support/processes.ts";
import { generateBody, longText } from "./generated-bodies.ts";
import { generateHead } from "./generated-heads.ts";
import { generateChunks, generateRequests } from "./generated-packets.ts";
import { generatePattern, generateSchemaBody } from "./generated-schemas.ts";

/** Whom it is about. */
export interface AttackField {
  readonly pasture: Pasture;
  readonly drover: Drover;
  /** Of the `drover up`, and of what stands in front of it. */
  readonly urls: readonly string[];
  readonly key: string;
  readonly random: Random;
  /** Told the status of each response. */
  readonly onStatus: (status: number | "cut") => void;
}

/** One hostile act. Resolves when it is over. */
export type Attack = (field: AttackField) => Promise<void>;

/** After that an attacker leaves and sends something else. */
const PATIENCE_MS = 5000;

/** Connections that send dense packets at the same time. */
const MOST_DENSE = 4;

/** Every kind by name. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  bodies: (field) => {
    const { path, text } = generateBody(field.random);
    return post(field, path, text);
  },
  schemas: (field) => post(field, "/v1/chat/completions", generateSchemaBody(field.random)),
  patterns: (field) => {
    const schema = { type: "string", pattern: `^${generatePattern(field.random, 5)}$` };
    const format = { type: "json_schema", json_schema: { name: "a", schema } };
    return post(field, "/v1/chat/completions", chatOf("x", { response_format: format }));
  },
  texts: (field) => post(field, "/v1/chat/completions", chatOf(longText(field.random))),
  choices: (field) => {
    const n = field.random.between(2, 128);
    return post(field, "/v1/chat/completions", chatOf("x", { n, max_tokens: field.random.between(1, 400) }));
  },
  "many texts": (field) => {
    const input = Array.from({ length: field.random.between(1, 200) }, () => longText(field.random).slice(0, 2000));
    return post(field, "/v1/embeddings", JSON.stringify({ input }));
  },
  floods: flood,
  heads: sendHead,
  "dense requests": (field) => sendDense(field, generateRequests(field.random, field.key)),
  "dense bodies": (field) => sendDense(field, generateChunks(field.random, field.key)),
  leavers: leave,
  dawdlers: dawdle,
  signals: sendSignal,
  "models that are none": reloadNonsense,
};

function chatOf(content: string, more: object = {}): string {
  return JSON.stringify({ messages: [{ role: "user", content }], max_tokens: 4, ...more });
}

function post(field: AttackField, path: string, body: string, signal?: AbortSignal): Promise<void> {
  return send(field, path, body, signal === undefined ? {} : { signal });
}

interface Manner {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Without a body it is a GET. */
async function send(
  { urls, random, key, onStatus }: AttackField,
  path: string,
  body: string | undefined,
  { signal = AbortSignal.timeout(PATIENCE_MS), headers = {} }: Manner,
): Promise<void> {
  try {
    const response = await fetch(random.pick(urls) + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
      ...(body === undefined ? {} : { body }),
      signal,
    });
    onStatus(response.status);
    await response.arrayBuffer();
  } catch {
    onStatus("cut");
  }
}

/** Many at once of what needs no slot. */
async function flood(field: AttackField): Promise<void> {
  const { random } = field;
  const content = longText(random).slice(0, 30_000);
  const messages = [{ role: "user", content: content.slice(0, 3000) }];
  const [path, body] = random.pick<readonly [string, object | undefined]>([
    ["/tokenize", { content, with_pieces: true }],
    ["/detokenize", { tokens: Array.from({ length: 2000 }, () => random.between(0, 300)) }],
    ["/apply-template", { messages }],
    ["/v1/messages/count_tokens", { model: "m", messages }],
    ["/v1/responses/input_tokens", { input: messages }],
    ["/v1/models", undefined],
    ["/props", undefined],
    ["/slots", undefined],
    ["/upstreams", undefined],
    ["/metrics", undefined],
    ["/v1/responses/resp_none", undefined],
  ]);
  const text = body && JSON.stringify(body);
  // Else the attacker would hold on to each of the connections.
  const headers = { connection: "close" };
  await Promise.all(Array.from({ length: random.between(10, 100) }, () => send(field, path, text, { headers })));
}

async function leave(field: AttackField): Promise<void> {
  const over = new AbortController();
  const asked = post(field, "/v1/chat/completions", chatOf("x", { stream: true, max_tokens: 400 }), over.signal);
  await Promise.race([asked, sleep(field.random.between(0, 300))]);
  over.abort();
  await asked;
}

/** Sends bytes and hears what comes, for a moment. */
async function sendHead({ urls, random, onStatus }: AttackField): Promise<void> {
  const [socket] = connect(random.pick(urls), 1);
  if (socket === undefined) return;
  let heard = "";
  socket.on("data", (bytes) => {
    if (heard.length < 100) heard += bytes.toString("latin1");
  });
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write(generateHead(random));
  if (random.next() < 0.5) socket.end();
  await Promise.race([closed, sleep(300)]);
  socket.destroy();
  await closed;
  onStatus(Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0) || "cut");
}

/** The same bytes on many connections, which are read, or not, for a moment. */
async function sendDense({ urls, random }: AttackField, bytes: string): Promise<void> {
  const sockets = connect(random.pick(urls), random.between(1, MOST_DENSE));
  const isRead = random.next() < 0.7;
  for (const socket of sockets) {
    if (isRead) socket.resume();
    socket.write(bytes);
  }
  await sleep(random.between(200, 2000));
  for (const socket of sockets) socket.destroy();
}

/** Connections that send some bytes and then nothing. */
async function dawdle({ urls, random }: AttackField): Promise<void> {
  const sockets = connect(random.pick(urls), random.between(1, 40));
  for (const socket of sockets)
    socket.write(random.pick(["", "P", "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n{", "POST / HTTP/1.1\r\n"]));
  await sleep(random.between(100, 1000));
  for (const socket of sockets) socket.destroy();
}

function connect(url: string, count: number): readonly net.Socket[] {
  const port = Number(new URL(url).port);
  return Array.from({ length: count }, () => net.connect(port, "127.0.0.1").on("error", () => {}));
}

/** Signals of other users' making, or of a terminal, that must end nothing. */
const HARMLESS: readonly NodeJS.Signals[] = ["SIGUSR1", "SIGWINCH", "SIGPIPE", "SIGCONT"];

async function sendSignal({ pasture, drover, random }: AttackField): Promise<void> {
  const rows = await pasture.status();
  const worker = random.pick(rows).pid;
  if (random.next() < 0.5 && worker !== null) signalIfThere(worker, random.pick([...HARMLESS, "SIGINT"]));
  else drover.child.kill(random.pick([...HARMLESS, "SIGQUIT", "SIGHUP"]));
  await sleep(random.between(10, 200));
}

/** It must be refused before a worker is touched. */
async function reloadNonsense({ pasture, random, onStatus }: AttackField): Promise<void> {
  const path = join(pasture.folder, "nonsense.gguf");
  writeFileSync(path, random.pick(["", "GGUF", "no model", `GGUF\u0003\0\0\0${"\u00ff".repeat(16)}`]));
  const result = await pasture.admin<{ readonly error?: string }>("POST", `/reload?model=${encodeURIComponent(path)}`);
  if (result.error === undefined) onStatus(500);
  await sleep(100);
}
