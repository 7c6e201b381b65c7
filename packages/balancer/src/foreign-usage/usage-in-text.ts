import type { ReportedTokens, RequestReport } from "@drover/contract/request-report";
import { jsonOf } from "@drover/foundation/json-text";

/** Within a text of JSON each quote has a backslash before it, so what a model writes is never taken for one of these names. */
const MODEL = /"model"\s*:\s*("(?:[^"\\]|\\.){1,200}")/;
const FINISH = /"(?:finish_reason|stop_reason|stop_type|done_reason|status)"\s*:\s*"([a-z_]{1,32})"/g;

export function modelIn(text: string): string | undefined {
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

/** The last reason that is known. */
export function finishIn(text: string): RequestReport["finish"] | undefined {
  let finish: RequestReport["finish"] | undefined;
  FINISH.lastIndex = 0;
  for (let found = FINISH.exec(text); found !== null; found = FINISH.exec(text)) {
    const [, word = ""] = found;
    if (Object.hasOwn(finishes, word)) finish = finishes[word];
  }
  return finish;
}

const TIMINGS = /"timings"\s*:\s*\{/g;

type Counts = Readonly<Record<string, unknown>>;

/** The last counts, and of an earlier event what they lack. */
export function tokensIn(head: string, tail: string): ReportedTokens | undefined {
  const first = objectAt(head, head.search(/"usage"\s*:\s*\{/));
  const last = objectAt(tail, lastOf(tail, "usage"));
  if (first !== undefined || last !== undefined) return tokensOfUsage({ ...first, ...last });
  const timings = objectAt(tail, lastOf(tail, "timings")) ?? objectAt(head, lastOf(head, "timings"));
  return timings === undefined ? tokensOfOllama(tail) : tokensOfTimings(timings);
}

/** Of llama.cpp's own API, which responds to several prompts with a list. */
export function tokensInList(list: string): ReportedTokens | undefined {
  const all = [...list.matchAll(TIMINGS)].map(({ index }) => tokensOfTimings(objectAt(list, index) ?? {}));
  return all.reduce((sum, one) => (sum === undefined || one === undefined ? (sum ?? one) : sumOf(sum, one)), undefined);
}

function sumOf(one: ReportedTokens, other: ReportedTokens): ReportedTokens {
  return {
    prompt: one.prompt + other.prompt,
    cached: one.cached + other.cached,
    completion: one.completion + other.completion,
    reasoning: one.reasoning + other.reasoning,
  };
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
