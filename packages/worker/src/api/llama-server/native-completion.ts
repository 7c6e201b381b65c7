import type { ReportedTokens } from "@drover/contract/request-report";
import type { FastifyReply } from "fastify";
import { invalid, refused } from "../../errors.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { type OutputEnd, type OutputPiece, type PromptProgress, textOf } from "../../generation/output/output.ts";
import { wellFormed } from "../../generation/prompt/control-texts.ts";
import { infillPrompt } from "../../generation/prompt/infill.ts";
import { withBos } from "../../generation/prompt/prompt-tokenizer.ts";
import type { GeneratedToken } from "../../generation-contract.ts";
import { runChoices, streamChoices } from "../generating/choices.ts";
import {
  cannotFillIn,
  plainLimit,
  plainRequests,
  promptTokens,
  refuseManyChoices,
  textOfTokens,
} from "../generating/plain-prompt.ts";
import { progressOf } from "../generating/prompt-pings.ts";
import { Timings, timingsText } from "../generating/timings.ts";
import { chatLogprobs } from "../generating/token-logprobs.ts";
import { sendJson } from "../http/send-json.ts";
import type { Serving } from "../serving.ts";
import { type InfillBody, type NativeCompletionBody, type NativeFields, separatePrompts } from "./completion-schema.ts";
import { nativeSettings } from "./native-settings.ts";

/** `POST /completion`: a text goes on, by llama.cpp's own names. */
export async function nativeCompletion(
  serving: Serving,
  body: NativeCompletionBody,
  reply: FastifyReply,
): Promise<unknown> {
  const prompts: (readonly number[])[] = [];
  for (const prompt of separatePrompts(body.prompt)) prompts.push(await promptTokens(serving, prompt));
  return await complete(serving, reply, body, prompts);
}

/** `POST /infill`. @throws RequestError 501 where the model has no tokens for it */
export async function infill(serving: Serving, body: InfillBody, reply: FastifyReply): Promise<unknown> {
  const tokensOf = (text: string) =>
    serving.tokenizer.tokenize([wellFormed(text)], "plain", plainLimit(serving, "input_prefix"));
  const extra = (body.input_extra ?? []).map(({ filename, text }) => `${filename ?? "file"}\n${text}\n`).join("");
  const prefix = await tokensOf(extra + (body.input_prefix ?? ""));
  const filled = infillPrompt(serving.vocabulary, prefix, await tokensOf(body.input_suffix ?? ""));
  if (filled === undefined) throw refused(501, "not_supported", cannotFillIn(serving));
  const tokens = withBos(serving.model, [...filled, ...(await tokensOf(body.prompt ?? ""))]);
  return await complete(serving, reply, body, [tokens]);
}

async function complete(
  serving: Serving,
  reply: FastifyReply,
  body: NativeFields,
  prompts: readonly (readonly number[])[],
): Promise<unknown> {
  refuseOtherProbabilities(body);
  const each = body.n_cmpl ?? body.n ?? 1;
  refuseManyChoices(prompts.length, each);
  const schema = body.json_schema ?? undefined;
  const plain = await plainRequests(serving, reply, body, prompts, {
    each,
    maxTokens: body.n_predict ?? body.max_tokens ?? -1,
    topLogprobs: body.n_probs || undefined,
    contentFormat: schema === undefined ? undefined : { schema, param: "json_schema" },
    lengthParam: "n_predict",
  });
  const keepTokens = body.return_tokens === true || body.stream === true;
  const requests = plain.map((request) => ({ ...request, keepTokens }));
  const texts = new Map<readonly number[], string>();
  for (const prompt of prompts) texts.set(prompt, await textOfTokens(serving, prompt));
  const writers = requests.map((request, index) => {
    return new NativeWriter(serving, body, { request, index, promptText: texts.get(request.prompt) ?? "" });
  });
  if (body.stream === true)
    return await streamChoices(serving, reply, requests, {
      eventOf: writers[0]?.progress,
      begin(index, { prompt }) {
        writers[index]?.first(prompt);
      },
      pieces: (index, pieces, tokens, counts) => writers[index]?.part(pieces, tokens, counts) ?? "",
      finish: (index, end) => `data: ${JSON.stringify(writers[index]?.end(end))}\n\n`,
      last: () => "",
    });
  const ends = await runChoices(serving, reply, requests, (index) => ({
    onStart: () => writers[index]?.first(),
    onPieces: (pieces, tokens) => writers[index]?.add(pieces, tokens),
  }));
  const all = ends.map((end, index) => writers[index]?.whole(end));
  return await sendJson(reply, all.length === 1 ? all[0] : all);
}

/** What is generated, and its position among all of the request. */
interface Written {
  readonly request: OutputRequest;
  readonly index: number;
  readonly promptText: string;
}

/** A response in the form of llama.cpp's server. */
class NativeWriter {
  readonly #serving: Serving;
  readonly #body: NativeFields;
  readonly #written: Written;
  readonly #timings: Timings;
  #content = "";
  #tokens: GeneratedToken[] = [];

  constructor(serving: Serving, body: NativeFields, written: Written) {
    this.#serving = serving;
    this.#body = body;
    this.#written = written;
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
      index: this.#written.index,
      content: textOf(pieces, "content"),
      tokens: tokens.map(({ token }) => token),
      stop: false,
      id_slot: -1,
      tokens_predicted: counts.completion,
      tokens_evaluated: this.#written.request.prompt.length,
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
    return Object.fromEntries(wanted.flatMap((name) => memberAt(all, name)));
  }

  /** The last event of a stream: the text went out before. */
  end(end: OutputEnd): object {
    const { stopString, tokens, finish } = end;
    return {
      index: this.#written.index,
      content: "",
      tokens: [],
      id_slot: -1,
      stop: true,
      model: this.#serving.model.id,
      tokens_predicted: tokens.completion,
      tokens_evaluated: tokens.prompt,
      tokens_cached: tokens.prompt + tokens.completion,
      generation_settings: nativeSettings(this.#serving, this.#body, this.#written.request),
      prompt: this.#written.promptText,
      has_new_line: this.#content.includes("\n"),
      truncated: false,
      stop_type: finish === "length" ? "limit" : stopString === undefined ? "eos" : "word",
      stopping_word: stopString ?? "",
      timings: this.#timings.of(end),
    };
  }

  #probabilities(tokens: readonly GeneratedToken[]): object {
    if ((this.#body.n_probs ?? 0) === 0) return {};
    return { completion_probabilities: chatLogprobs(this.#serving.vocabulary, tokens) };
  }
}

/** The member that `generation_settings/n_predict` names, under that name; nothing where there is none. */
function memberAt(all: object, name: string): readonly [string, unknown][] {
  let value: unknown = all;
  for (const part of name.split("/")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return [];
    value = Reflect.get(value, part);
  }
  return [[name, value]];
}

/** They would stand in members of other names, so this is no hint. */
function refuseOtherProbabilities({ n_probs: count, post_sampling_probs: isAfterSampling }: NativeFields): void {
  if ((count ?? 0) === 0 || isAfterSampling !== true) return;
  throw invalid(
    "post_sampling_probs",
    "probabilities after sampling are not known here. Leave it out for those before",
  );
}
