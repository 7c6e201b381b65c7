import type { ReportedTokens, RequestReport } from "@drover/contract/request-report";
import type { ApiRoute } from "@drover/contract/routes";
import type { Time } from "@drover/foundation/clock";
import { jsonOf } from "@drover/foundation/json-text";
import { brotliDecompressSync, constants, unzipSync } from "node:zlib";
import type { Upstream } from "../pool/upstream.ts";
import { headerValue } from "../upstream-http/hop-by-hop.ts";
import type { ResponseHead } from "../upstream-http/response-head.ts";

/** What a server that Drover does not own says of a request in its response. */
export interface ToldUsage {
  readonly model: string | undefined;
  /** Undefined: it says nothing, as many do in a stream unless the client asks for `stream_options.include_usage`. */
  readonly tokens: ReportedTokens | undefined;
  readonly finish: RequestReport["finish"] | undefined;
  /** When the first event or line of a stream came, comments apart. */
  readonly firstEventMs: number | undefined;
}

/** Of the beginning of a body, which has the model, and what Anthropic's API says of the prompt. */
const HEAD_BYTES = 16_384;
/** Of its end, which has the counts. */
const TAIL_BYTES = 16_384;
const COLON = 0x3a;

/** Looks for them in a response while that passes. */
export interface ToldUsageReader {
  /** The next bytes of the body, which are only good until this returns. */
  push(part: Buffer): void;
  /** The body is over. */
  read(): ToldUsage;
}

/** Of a body without a coding it keeps the ends and reads them when it is over, so that the work does not grow with the text. */
export class PlainUsageReader implements ToldUsageReader {
  readonly #nowMs: () => number;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  readonly #tail: Buffer[] = [];
  #tailBytes = 0;
  #firstEventMs: number | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  push(part: Buffer): void {
    if (part.length === 0) return;
    if (this.#firstEventMs === undefined && part[0] !== COLON) this.#firstEventMs = this.#nowMs();
    const kept = Buffer.from(part.subarray(-TAIL_BYTES));
    if (this.#headBytes < HEAD_BYTES) {
      this.#head.push(part.length > TAIL_BYTES ? Buffer.from(part.subarray(0, HEAD_BYTES)) : kept);
      this.#headBytes += part.length;
    }
    this.#tail.push(kept);
    this.#tailBytes += kept.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= TAIL_BYTES)
      this.#tailBytes -= this.#tail.shift()?.length ?? 0;
  }

  read(): ToldUsage {
    const tail = textOf(this.#tail);
    const head = this.#isEntire ? tail : textOf(this.#head).slice(0, HEAD_BYTES);
    return {
      model: modelIn(head) ?? (this.#isEntire ? undefined : modelIn(tail)),
      tokens: head.startsWith("[") ? this.#sumIn(head) : tokensIn(head, tail),
      finish: finishIn(tail) ?? (this.#isEntire ? undefined : finishIn(head)),
      firstEventMs: this.#firstEventMs,
    };
  }

  /** Nothing lies between the two ends: the tail is the entire body, and read once. */
  get #isEntire(): boolean {
    return this.#headBytes < HEAD_BYTES;
  }

  /** llama.cpp's own API responds to several prompts with a list. Where its middle was not kept, nobody knows. */
  #sumIn(list: string): ReportedTokens | undefined {
    if (this.#headBytes >= HEAD_BYTES) return undefined;
    const all = [...list.matchAll(TIMINGS)].map(({ index }) => tokensOfTimings(objectAt(list, index) ?? {}));
    return all.reduce(
      (sum, one) => (sum === undefined || one === undefined ? (sum ?? one) : sumOf(sum, one)),
      undefined,
    );
  }
}

function sumOf(one: ReportedTokens, other: ReportedTokens): ReportedTokens {
  return {
    prompt: one.prompt + other.prompt,
    cached: one.cached + other.cached,
    completion: one.completion + other.completion,
    reasoning: one.reasoning + other.reasoning,
  };
}

/** What is larger in its coding, or decoded, is not read: this is done while everybody waits. */
const CODED_BYTES = 256 * 1024;
const DECODED_BYTES = 4 * 1024 * 1024;

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  // Of a response that broke off there is no end.
  gzip: (body) => unzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: DECODED_BYTES }),
  deflate: (body) => unzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: DECODED_BYTES }),
  br: (body) =>
    brotliDecompressSync(body, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: DECODED_BYTES }),
};

/** A body with a coding, as proxies before a server make it, can only be read from its beginning. */
class CodedUsageReader implements ToldUsageReader {
  readonly #nowMs: () => number;
  readonly #decode: (body: Buffer) => Buffer;
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  #firstPartMs: number | undefined;

  constructor(nowMs: () => number, decode: (body: Buffer) => Buffer) {
    this.#nowMs = nowMs;
    this.#decode = decode;
  }

  push(part: Buffer): void {
    this.#firstPartMs ??= this.#nowMs();
    this.#bytes += part.length;
    if (this.#bytes > CODED_BYTES) this.#parts.length = 0;
    else this.#parts.push(Buffer.from(part));
  }

  read(): ToldUsage {
    const plain = new PlainUsageReader(() => this.#firstPartMs ?? this.#nowMs());
    try {
      if (this.#parts.length > 0) plain.push(this.#decode(Buffer.concat(this.#parts)));
    } catch {
      // It is not what its head says; the client has it as it came.
    }
    return { ...plain.read(), firstEventMs: this.#firstPartMs };
  }
}

/** Workers of Drover's own report what a request took; of other servers their responses are read. Undefined where nothing is to be heard. */
export function readerFor(
  { route }: { readonly route: ApiRoute | undefined },
  { status, headers }: ResponseHead,
  { reports }: Upstream,
  clock: Pick<Time, "monotonicMs">,
): ToldUsageReader | undefined {
  if (reports || status !== 200 || route?.takesSlot !== true) return undefined;
  return usageReader(headerValue(headers, "content-encoding"), () => clock.monotonicMs());
}

/** Undefined for codings that are not known. */
export function usageReader(coding: string | undefined, nowMs: () => number): ToldUsageReader | undefined {
  if (coding === undefined || coding === "identity") return new PlainUsageReader(nowMs);
  const name = coding.toLowerCase();
  const decode = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  return decode === undefined ? undefined : new CodedUsageReader(nowMs, decode);
}

function textOf(parts: readonly Buffer[]): string {
  return parts.length === 1 ? String(parts[0]) : Buffer.concat(parts).toString();
}

/** Within a text of JSON each quote has a backslash before it, so what a model writes is never taken for one of these names. */
const MODEL = /"model"\s*:\s*("(?:[^"\\]|\\.){1,200}")/;
const FINISH = /"(?:finish_reason|stop_reason|stop_type|done_reason|status)"\s*:\s*"([a-z_]{1,32})"/g;

function modelIn(text: string): string | undefined {
  const [, quoted] = MODEL.exec(text) ?? [];
  const model = quoted === undefined ? undefined : jsonOf(quoted);
  return typeof model === "string" ? model : undefined;
}

const finishes: Readonly<Record<string, RequestReport["finish"]>> = {
  stop: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  length: "length",
  max_tokens: "length",
  tool_calls: "tool_calls",
  tool_use: "tool_calls",
  // llama.cpp's own API
  eos: "stop",
  word: "stop",
  limit: "length",
  // OpenAI's responses
  completed: "stop",
  incomplete: "length",
};

function finishIn(text: string): RequestReport["finish"] | undefined {
  const said = [...text.matchAll(FINISH)].map(([, word = ""]) => word);
  return finishes[said.findLast((word) => Object.hasOwn(finishes, word)) ?? ""];
}

const TIMINGS = /"timings"\s*:\s*\{/g;

type Counts = Readonly<Record<string, unknown>>;

/** The last counts, and of an earlier event what they lack. */
function tokensIn(head: string, tail: string): ReportedTokens | undefined {
  const first = objectAt(head, head.search(/"usage"\s*:\s*\{/));
  const last = objectAt(tail, lastOf(tail, "usage"));
  if (first !== undefined || last !== undefined) return tokensOfUsage({ ...first, ...last });
  const timings = objectAt(tail, lastOf(tail, "timings")) ?? objectAt(head, lastOf(head, "timings"));
  return timings === undefined ? tokensOfOllama(tail) : tokensOfTimings(timings);
}

const OBJECT_FOLLOWS = /\s*:\s*\{/y;

/** Where the last object of that name is; below 0: there is none. To search backwards is quick, since most texts have the name once or not at all. */
function lastOf(text: string, name: "usage" | "timings"): number {
  const quoted = `"${name}"`;
  let at = text.lastIndexOf(quoted);
  while (at >= 0) {
    OBJECT_FOLLOWS.lastIndex = at + quoted.length;
    if (OBJECT_FOLLOWS.test(text)) return at;
    at = at === 0 ? -1 : text.lastIndexOf(quoted, at - 1);
  }
  return -1;
}

/** The object behind the name at `at`. It has numbers, and objects of numbers. */
const FLAT_OBJECT = /^"\w+"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*){0,40}\})/;

function objectAt(text: string, at: number): Counts | undefined {
  const [, json] = at < 0 ? [] : (FLAT_OBJECT.exec(text.slice(at, at + 4096)) ?? []);
  const value = json === undefined ? undefined : jsonOf(json);
  return typeof value === "object" && value !== null ? (value as Counts) : undefined;
}

/** OpenAI's names, or those of its responses and of Anthropic's messages, where the prompt's count leaves out what was cached. */
function tokensOfUsage(usage: Counts): ReportedTokens | undefined {
  const written = usage["completion_tokens"] ?? usage["output_tokens"];
  const read = usage["prompt_tokens"] ?? usage["input_tokens"];
  if (!isCount(read) && !isCount(written)) return undefined;
  const apart = count(usage["cache_read_input_tokens"]);
  const prompt = count(read) + apart + count(usage["cache_creation_input_tokens"]);
  const details = member(usage, "prompt_tokens_details") ?? member(usage, "input_tokens_details");
  const cached = Math.min(prompt, apart + count(details?.["cached_tokens"]));
  const writtenDetails = member(usage, "completion_tokens_details") ?? member(usage, "output_tokens_details");
  const completion = count(written);
  return { prompt, cached, completion, reasoning: Math.min(completion, count(writtenDetails?.["reasoning_tokens"])) };
}

/** llama.cpp's, in its own API and at the end of its streams; older ones do not say what was cached. */
function tokensOfTimings({ prompt_n, predicted_n, cache_n }: Counts): ReportedTokens | undefined {
  if (!isCount(prompt_n) || !isCount(predicted_n)) return undefined;
  const cached = count(cache_n);
  return { prompt: cached + prompt_n, cached, completion: predicted_n, reasoning: 0 };
}

const PROMPT_EVALUATED = /"prompt_eval_count"\s*:\s*(\d{1,12})/g;
const EVALUATED = /"eval_count"\s*:\s*(\d{1,12})/g;

/** Ollama leaves the prompt's count out where all of it was cached. */
function tokensOfOllama(text: string): ReportedTokens | undefined {
  if (!text.includes('eval_count"')) return undefined;
  const last = (pattern: RegExp) => [...text.matchAll(pattern)].at(-1)?.[1];
  const [prompt, completion] = [last(PROMPT_EVALUATED), last(EVALUATED)];
  if (prompt === undefined && completion === undefined) return undefined;
  return { prompt: Number(prompt ?? 0), cached: 0, completion: Number(completion ?? 0), reasoning: 0 };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function count(value: unknown): number {
  return isCount(value) ? value : 0;
}

function member(usage: Counts, name: string): Counts | undefined {
  const value = usage[name];
  return typeof value === "object" && value !== null ? (value as Counts) : undefined;
}
