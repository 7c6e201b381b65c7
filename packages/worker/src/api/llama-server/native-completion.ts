import type { ReportedTokens } from "@drover/contract/request-report";
import type { FastifyReply, FastifyRequest } from "fastify";
import { refused } from "../../errors.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { type OutputEnd, type OutputPiece, type PromptProgress, textOf } from "../../generation/output/output.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { infillPrompt } from "../../generation/prompt/infill.ts";
import { contextLengthExceeded } from "../../generation/prompt/prompt-limit.ts";
import type { GeneratedToken, GrammarSpec } from "../../generation-contract.ts";
import { runChoices, streamChoices } from "../generating/choices.ts";
import { plainLimit, plainOutput, refuseForeignTokens, textOfTokens } from "../generating/plain-prompt.ts";
import { refuseExpensive } from "../generating/request-price.ts";
import { progressOf } from "../generating/prompt-pings.ts";
import { samplingOf } from "../generating/sampling-fields.ts";
import { Timings, timingsText } from "../generating/timings.ts";
import { nativeProbabilities } from "../generating/token-logprobs.ts";
import { SseStream } from "../http/sse-stream.ts";
import { ignore, takeBody } from "../http/take-body.ts";
import type { Serving } from "../serving.ts";
import {
  infillRequest,
  type NativeCompletionBody,
  nativeCompletionRequest,
  type NativeFields,
} from "./completion-schema.ts";
import { nativeSettings } from "./native-settings.ts";

/** `POST /completion`: a text goes on, by llama.cpp's own names. */
export async function nativeCompletion(
  serving: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const body = takeBody(serving, nativeCompletionRequest, request, reply);
  return await complete(serving, reply, body, await promptOf(serving, body.prompt));
}

/** `POST /infill`. @throws RequestError 501 where the model has no tokens for it */
export async function infill(serving: Serving, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const body = takeBody(serving, infillRequest, request, reply);
  const tokensOf = (text: string) =>
    serving.tokenizer.tokenize([wellFormed(text)], false, plainLimit(serving, "input_prefix"));
  const extra = (body.input_extra ?? []).map(({ filename, text }) => `${filename ?? "file"}\n${text}\n`).join("");
  const prefix = await tokensOf(extra + (body.input_prefix ?? ""));
  const filled = infillPrompt(serving.vocabulary, prefix, await tokensOf(body.input_suffix ?? ""));
  if (filled === undefined)
    throw refused(501, "not_supported", `The model '${serving.model.id}' can't fill in (it has no infill tokens).`);
  return await complete(serving, reply, body, [...filled, ...(await tokensOf(body.prompt ?? ""))]);
}

async function complete(
  serving: Serving,
  reply: FastifyReply,
  body: NativeFields,
  prompt: readonly number[],
): Promise<unknown> {
  const request = await outputRequest(serving, reply, body, prompt);
  refuseExpensive(serving, {
    choices: 1,
    maxTokens: request.maxTokens,
    isStream: body.stream === true,
    lengthParam: "n_predict",
    ...(request.topLogprobs === undefined ? {} : { topLogprobs: request.topLogprobs }),
  });
  const writer = new NativeWriter(serving, body, request);
  if (body.stream === true) return await stream(serving, reply, request, writer);
  const [end] = await runChoices(serving, reply, [request], () => ({
    onStart: () => writer.first(),
    onPieces: (pieces, tokens) => writer.add(pieces, tokens),
  }));
  return end === undefined ? undefined : writer.whole(end);
}

async function stream(serving: Serving, reply: FastifyReply, request: OutputRequest, writer: NativeWriter) {
  const events = new SseStream(serving, reply);
  return await streamChoices(serving, reply, [request], {
    stream: events,
    eventOf: writer.progress,
    sinkOf: () => ({
      onStart: ({ prompt }) => {
        writer.first(prompt);
        events.open();
      },
      onPieces: (pieces, tokens, counts) => events.write(writer.part(pieces, tokens, counts)),
    }),
    endOf: ([end]) => (end === undefined ? "" : `data: ${JSON.stringify(writer.end(end))}\n\n`),
  });
}

/** A response in the form of llama.cpp's server. */
class NativeWriter {
  readonly #serving: Serving;
  readonly #body: NativeFields;
  readonly #request: OutputRequest;
  readonly #timings: Timings;
  #content = "";
  #tokens: GeneratedToken[] = [];

  constructor(serving: Serving, body: NativeFields, request: OutputRequest) {
    this.#serving = serving;
    this.#body = body;
    this.#request = request;
    this.#timings = new Timings(serving.clock);
  }

  /** An event about a prompt that is being read; undefined where the client did not ask for them. */
  get progress() {
    if (this.#body.return_progress !== true) return undefined;
    return (progress: PromptProgress, timeMs: number): string => {
      const part = { index: 0, content: "", tokens: [], stop: false, prompt_progress: progressOf(progress, timeMs) };
      return `data: ${JSON.stringify(part)}\n\n`;
    };
  }

  first(promptTokens = 0): void {
    this.#timings.first(promptTokens);
  }

  add(pieces: readonly OutputPiece[], tokens: readonly GeneratedToken[]): void {
    this.#content += textOf(pieces, "content");
    this.#tokens.push(...tokens);
  }

  part(
    pieces: readonly OutputPiece[],
    tokens: readonly GeneratedToken[],
    counts: Readonly<Omit<ReportedTokens, "prompt">>,
  ): string {
    const part = {
      index: 0,
      content: textOf(pieces, "content"),
      tokens: this.#body.return_tokens === true ? tokens.map(({ token }) => token) : [],
      stop: false,
      id_slot: -1,
      tokens_predicted: tokens.length,
      tokens_evaluated: this.#request.prompt.length,
      ...this.#probabilities(tokens),
    };
    const text = JSON.stringify(part);
    if (this.#body.timings_per_token !== true) return `data: ${text}\n\n`;
    return `data: ${text.slice(0, -1)},${timingsText(this.#timings.soFar(counts))}}\n\n`;
  }

  whole(end: OutputEnd): object {
    const all = {
      ...this.end(end),
      content: this.#content,
      tokens: this.#body.return_tokens === true ? this.#tokens.map(({ token }) => token) : [],
      ...this.#probabilities(this.#tokens),
    };
    const { response_fields: wanted } = this.#body;
    if (!wanted || wanted.length === 0) return all;
    return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
  }

  /** The last event of a stream: the text went out before. */
  end(end: OutputEnd): object {
    const { stopString, tokens, finish } = end;
    return {
      index: 0,
      content: "",
      tokens: [],
      id_slot: -1,
      stop: true,
      model: this.#serving.model.id,
      tokens_predicted: tokens.completion,
      tokens_evaluated: tokens.prompt,
      tokens_cached: tokens.prompt + tokens.completion,
      generation_settings: nativeSettings(this.#serving, this.#body, this.#request),
      prompt: textOfTokens(this.#serving, this.#request.prompt),
      has_new_line: this.#content.includes("\n"),
      truncated: false,
      stop_type: finish === "length" ? "limit" : stopString === undefined ? "eos" : "word",
      stopping_word: stopString ?? "",
      timings: this.#timings.of(end),
    };
  }

  #probabilities(tokens: readonly GeneratedToken[]): object {
    if ((this.#body.n_probs ?? 0) === 0) return {};
    return { completion_probabilities: nativeProbabilities(this.#serving.vocabulary, tokens) };
  }
}

async function outputRequest(
  serving: Serving,
  reply: FastifyReply,
  body: NativeFields,
  prompt: readonly number[],
): Promise<OutputRequest> {
  const maxTokens = body.n_predict ?? body.max_tokens ?? -1;
  const sampling = samplingOf(body, serving.model.vocabularySize, serving.randomSeed());
  const plain = plainOutput(serving, body, prompt, { maxTokens, sampling });
  const grammar = await grammarOf(serving, reply, body);
  const probabilities = body.n_probs ?? 0;
  return {
    ...plain,
    ...(grammar === undefined ? {} : { grammar }),
    ...(probabilities > 0 || body.return_tokens === true ? { topLogprobs: probabilities } : {}),
  };
}

async function grammarOf(serving: Serving, reply: FastifyReply, body: NativeFields): Promise<GrammarSpec | undefined> {
  if (typeof body.grammar === "string" && body.grammar !== "") return await serving.vetGrammar(body.grammar);
  if (body.json_schema === null || body.json_schema === undefined) return undefined;
  const contentFormat = { schema: body.json_schema, param: "json_schema" };
  const free = { tools: [], toolChoice: "none", parallelToolCalls: false } as const;
  const { grammar, relaxed } = await serving.compileGrammar("hermes", { ...free, contentFormat });
  ignore(serving, reply, relaxed);
  return grammar;
}

/** Texts with their control tokens, and tokens, in their order. */
async function promptOf(serving: Serving, prompt: NativeCompletionBody["prompt"]): Promise<readonly number[]> {
  const { model, tokenizer } = serving;
  const limit = plainLimit(serving);
  const tokens: number[] = [];
  for (const part of typeof prompt === "string" ? [prompt] : prompt) {
    const more = typeof part === "number" ? [part] : await tokenizer.tokenize([wellFormed(part)], true, limit);
    for (const token of more) tokens.push(token);
    if (typeof part === "string" && tokens.length >= limit.contextTokens)
      throw contextLengthExceeded(limit, `at least ${tokens.length}`);
  }
  refuseForeignTokens(serving, tokens, "prompt");
  const startsWithText = typeof prompt === "string" || typeof prompt[0] === "string";
  const first = model.addsBosToken && startsWithText ? model.bosToken : undefined;
  if (first !== undefined && tokens[0] !== first) tokens.unshift(first);
  const start = model.bosToken ?? model.eosToken;
  return tokens.length > 0 || start === undefined ? tokens : [start];
}
