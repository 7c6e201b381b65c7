import { Agent, request } from "undici";
import { within } from "../support/until.ts";
import { createRandom } from "./random.ts";

/** How one request ended, from the client's side. */
export type Outcome =
  /** A complete response. */
  | "whole"
  /** A stream that ended with an error event. */
  | "error-event"
  /** An error with the envelope and a status, such as 503. */
  | "refused"
  /** The connection was cut by the system while the server had no free descriptor. */
  | "no-descriptor"
  /** No response: a connection that broke, or silence. Never right. */
  | "no-response"
  /** A stream that ended without [DONE] and without an error event. Never right. */
  | "silent-end"
  /** A response that says it is complete and is not. Never right. */
  | "false-whole";

const WRONG: readonly Outcome[] = ["no-response", "silent-end", "false-whole"];

export interface ClientsReport {
  readonly counts: Readonly<Record<string, number>>;
  /** What was wrong, in words. */
  readonly wrongs: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
}

/** Longest silence of a request before it counts as unanswered. */
const SILENCE_MS = 60_000;
/** However often it is told to wait. */
const LONGEST_MS = 120_000;
/** How long complete responses are waited for after the signal. */
const LAST_MS = 60_000;

export interface ClientsOptions {
  readonly url: string;
  readonly count: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Go on after `signal` until there are so many complete responses, for a minute at most. @default 0 */
  readonly leastWhole?: number;
  /** Whether the server was without a free descriptor since then: the system cuts its connections, not the server. */
  readonly wasStarved: (sinceMs: number) => boolean;
}

/** Sends requests on `count` lines, streaming and plain in turn, until `signal`; resolves when the last one has ended. */
export async function runClients(options: ClientsOptions): Promise<ClientsReport> {
  const { url, count, seed, signal, wasStarved, leastWhole = 0 } = options;
  const counts: Record<string, number> = {};
  const statuses: Record<string, number> = {};
  const wrongs: string[] = [];
  const agent = new Agent({ headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
  let endMs = Number.POSITIVE_INFINITY;
  signal.addEventListener("abort", () => (endMs = Date.now() + LAST_MS));
  const isOver = () => signal.aborted && ((counts["whole"] ?? 0) >= leastWhole || Date.now() > endMs);
  const line = async (index: number) => {
    const random = createRandom(seed * 1000 + index);
    for (let number = 0; !isOver(); number += 1) {
      const ask: Ask = { url, isStream: number % 2 === index % 2, tokens: random.between(4, 64), agent };
      const begunMs = Date.now();
      const result = await send(ask);
      const isStarved = result.outcome === "no-response" && wasStarved(begunMs);
      const outcome = isStarved ? "no-descriptor" : result.outcome;
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      statuses[result.status] = (statuses[result.status] ?? 0) + 1;
      if (WRONG.includes(outcome)) wrongs.push(`line ${index}, request ${number}: ${outcome}: ${result.words}`);
      if (outcome !== "whole") await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => line(index)));
  await within(agent.close(), "the connections of the clients are closed");
  const { whole = 0 } = counts;
  if (whole < leastWhole) wrongs.push(`only ${whole} complete responses, of at least ${leastWhole}`);
  return { counts, wrongs, statuses };
}

interface Ask {
  readonly url: string;
  readonly isStream: boolean;
  readonly tokens: number;
  readonly agent: Agent;
}

interface Result {
  readonly outcome: Outcome;
  readonly status: number;
  readonly words: string;
}

async function send({ url, isStream, tokens, agent }: Ask): Promise<Result> {
  let status = 0;
  let text = "";
  try {
    const response = await request(`${url}/v1/chat/completions`, {
      method: "POST",
      dispatcher: agent,
      signal: AbortSignal.timeout(LONGEST_MS),
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        stream: isStream,
        max_tokens: tokens,
        messages: [{ role: "user", content: `Count to ${tokens}.` }],
      }),
    });
    status = response.statusCode;
    for await (const part of response.body) text += String(part);
  } catch (error) {
    const words = `${(error as Error).message} after "${text.slice(-80)}"`;
    return { outcome: text === "" ? "no-response" : "silent-end", status, words };
  }
  const outcome = judge(status, text, isStream, tokens);
  return { outcome, status, words: text.slice(-160) };
}

function judge(status: number, text: string, isStream: boolean, tokens: number): Outcome {
  if (status !== 200) return text.includes('"error"') ? "refused" : "no-response";
  if (!isStream) {
    const body = JSON.parse(text) as { readonly usage?: { readonly completion_tokens: number } };
    return body.usage?.completion_tokens === tokens ? "whole" : "false-whole";
  }
  const isDone = text.includes("data: [DONE]");
  const isError = /data: \{"error":/.test(text);
  if (isDone && isError) return "false-whole";
  if (isDone) return text.includes('"finish_reason":"length"') ? "whole" : "false-whole";
  return isError ? "error-event" : "silent-end";
}
