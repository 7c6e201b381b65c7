import { systemClock } from "@drover/foundation/clock";
import { jsonOf } from "@drover/foundation/json-text";
import { type GetOptions, getJson, httpGet } from "@drover/foundation/network/http-get";
import type { ChatClient } from "../client/exchange.ts";
import { BenchError } from "../errors.ts";
import type { PresetContext, Preset } from "../presets/preset.ts";

export interface TargetOptions {
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** @default the first of the target's /v1/models */
  readonly model?: string | undefined;
}

export interface Target {
  /** Without `/v1` and without a slash at the end. */
  readonly url: string;
  readonly model: string;
  readonly wordsPerToken: number;
}

/** English words a token for models with a large vocabulary; used where the target has no /tokenize. */
const GUESSED_WORDS_PER_TOKEN = 0.8;
const TIMEOUT_MS = 10_000;
const SAMPLE = "the river of the market and a winter report from the village station to a garden by the old bridge";

/**
 * Asks the target for its model and measures its tokens.
 * @throws BenchError `bad_option` for an address that is none, `target_unreachable` where nobody responds,
 *   `target_refuses` where the key is wrong
 */
export async function lookAtTarget(options: TargetOptions): Promise<Target> {
  const url = cleanUrl(options.url);
  const headers = {
    "content-type": "application/json",
    ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
  };
  const request = { headers, timeoutMs: TIMEOUT_MS, clock: systemClock };
  const models = await httpGet(`${url}/v1/models`, request);
  if (!models.responded) throw new BenchError("target_unreachable", `no server responds at ${url}: ${models.reason}`);
  if (models.status === 401 || models.status === 403)
    throw new BenchError(
      "target_refuses",
      `${url} wants another API key (HTTP ${models.status}); give it with --key or DROVER_API_KEY`,
    );
  const listed = (jsonOf(models.body) as { data?: { id?: string }[] } | undefined)?.data?.[0]?.id;
  return { url, model: options.model ?? listed ?? "default", wordsPerToken: await measureWords(url, request) };
}

/**
 * Sends one request of the preset and reads one token of its response.
 * @throws BenchError `target_refuses` where the target says that it never will take such a request
 */
export async function tryPreset(
  client: ChatClient,
  preset: Preset,
  context: PresetContext,
  url: string,
): Promise<void> {
  const { messages } = preset.conversation(context).next();
  const exchange = await client.ask({ messages, maxTokens: 1 }, new AbortController().signal, () => {});
  const { result } = exchange;
  if (result.kind !== "failed") return;
  if (result.reason === "refused")
    throw new BenchError("target_unreachable", `no server responds at ${url}: ${result.detail}`);
  // Other failures may pass: they are for the measurement to count.
  if (/^http-4(?!29|08)/.test(result.reason))
    throw new BenchError(
      "target_refuses",
      `${url} refuses a request of the preset ${preset.name} (${result.reason}): ${result.detail}`,
    );
}

function cleanUrl(text: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(withScheme) || !/^https?:/i.test(withScheme))
    throw new BenchError("bad_option", `"${text}" is no address; write http://HOST:PORT`);
  return withScheme.replace(/\/+$/, "").replace(/\/v1$/, "");
}

/** llama.cpp's and Drover's /tokenize; other servers are guessed at. */
async function measureWords(url: string, request: GetOptions): Promise<number> {
  const found = await getJson(`${url}/tokenize`, { ...request, post: JSON.stringify({ content: SAMPLE }) });
  const count = (found as { tokens?: unknown[] } | undefined)?.tokens?.length ?? 0;
  return count > 0 ? SAMPLE.split(" ").length / count : GUESSED_WORDS_PER_TOKEN;
}
