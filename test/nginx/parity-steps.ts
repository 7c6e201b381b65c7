import { readFileSync } from "node:fs";
import { PATIENCE_MS, until } from "../support/until.ts";
import { RawClient, type SeenResponse } from "../support/raw-client.ts";
import type { Step } from "./scenario.ts";
import type { ScriptedUpstream, SeenRequest } from "../support/servers/scripted-upstream.ts";

/** An upstream connection that is not closed within this time after its client has left stays open. */
const OPEN_MS = 3000;

/** What came of a step: its responses, or a line that stands for them. */
export async function take(step: Step, port: number, upstreams: readonly ScriptedUpstream[]): Promise<SeenResponse[]> {
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

/** The response, and whether the connection was closed behind it without being asked. */
async function slowly({ parts, everyMs }: Extract<Step, { kind: "slow" }>, port: number): Promise<SeenResponse> {
  const client = new RawClient(port);
  for (const [index, part] of parts.entries()) {
    if (index > 0) await pause(everyMs);
    if (client.heard) break;
    client.write(part);
  }
  const response = await bounded(client.read("GET"), parts.join(""));
  const isClosed = await client.isClosed();
  client.destroy();
  return { ...response, interim: [...response.interim, isClosed ? "then closed" : "then open"] };
}

/** How much of a cut response came is the kernel's affair. */
async function unread(step: Extract<Step, { kind: "unread" }>, port: number): Promise<SeenResponse> {
  const { text } = step;
  const client = new RawClient(port);
  client.pause();
  client.write(text);
  if (step.until === "closed") {
    await until(() => client.port !== undefined, "it is connected");
    await until(() => serverEnd(port, client)?.isOpen !== true, "the proxy closes");
  } else await pause(step.until);
  client.resume();
  await client.isClosed();
  const response = await bounded(client.read("GET"), text);
  client.destroy();
  return { ...response, body: response.whole ? `${response.body.length} bytes` : "cut" };
}

/** The responses to requests on one connection. */
export async function inTurn(texts: readonly string[], port: number): Promise<SeenResponse[]> {
  const client = new RawClient(port);
  const responses: SeenResponse[] = [];
  for (const text of texts) {
    client.write(text);
    responses.push(await bounded(client.read(methodOf(text)), text));
  }
  client.destroy();
  return responses;
}

async function pipelined(texts: readonly string[], port: number): Promise<SeenResponse[]> {
  const client = new RawClient(port);
  client.write(texts.join(""));
  const responses: SeenResponse[] = [];
  for (const text of texts) responses.push(await bounded(client.read(methodOf(text)), text));
  client.destroy();
  return responses;
}

async function together(
  texts: readonly string[],
  port: number,
  upstreams: readonly ScriptedUpstream[],
): Promise<SeenResponse[]> {
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
  const responses = await Promise.all(clients.map((client) => bounded(client.read("GET"), "together")));
  for (const client of clients) client.destroy();
  return responses;
}

/** The response is held until the client has left; what came of it shows in the upstream's connections and in the log. */
async function leave(
  { text, goesOn }: Extract<Step, { kind: "leave" }>,
  port: number,
  upstreams: readonly ScriptedUpstream[],
): Promise<SeenResponse[]> {
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
async function reset(text: string, port: number): Promise<SeenResponse[]> {
  const client = new RawClient(port);
  await client.send(text);
  await until(() => serverEnd(port, client)?.hasRead === true, "the proxy has read it");
  await client.reset("");
  return [];
}

/** The proxy's end of a client's connection, as the kernel has it. undefined: there is none. */
function serverEnd(
  port: number,
  client: RawClient,
): { readonly isOpen: boolean; readonly hasRead: boolean } | undefined {
  const ends = new RegExp(`^ *\\d+: \\w+:${hex(port)} \\w+:${hex(client.port ?? 0)} `);
  const line = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .find((text) => ends.test(text));
  if (line === undefined) return undefined;
  const [, , , state, queues = "", , , , , inode] = line.trim().split(/\s+/);
  // Before it is accepted it has no inode.
  return { isOpen: state === "01", hasRead: inode !== "0" && queues.endsWith(":00000000") };
}

function hex(number: number): string {
  return number.toString(16).toUpperCase().padStart(4, "0");
}

async function switched(step: Extract<Step, { kind: "switch" }>, port: number): Promise<SeenResponse> {
  const client = new RawClient(port);
  client.write(step.text);
  const head = await bounded(client.read("GET"), step.text);
  client.write(step.bytes);
  const bytes = await bounded(client.bytes(step.bytes.length), step.text);
  client.destroy();
  return { ...head, body: bytes };
}

function methodOf(text: string): string {
  return text.split(" ", 1)[0] ?? "";
}

async function bounded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no response: ${what.slice(0, 200)}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
