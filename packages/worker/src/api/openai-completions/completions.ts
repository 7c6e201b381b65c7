import type { FastifyReply } from "fastify";
import { refuseManyTokens } from "../../generation/prompt/prompt-limit.ts";
import { type OutputEnd, type OutputPiece, textOf } from "../../generation/output/output.ts";
import type { GeneratedToken } from "../../generation-contract.ts";
import { runChoices, type StreamForm, streamChoices } from "../generating/choices.ts";
import {
  plainLimit,
  plainRequests,
  promptTokens,
  refuseManyChoices,
  separateInputs,
  textOfTokens,
} from "../generating/plain-prompt.ts";
import type { CompletionRequest } from "./completion-schema.ts";
import { contentFormatOf } from "../openai-chat/chat-job.ts";
import { unsupported } from "../http/error-envelope.ts";
import { sendJson } from "../http/send-json.ts";
import { fieldOf } from "../http/parse-body.ts";
import { type Serving, nowSeconds } from "../serving.ts";
import { TextOffsets, completionLogprobs } from "../generating/token-logprobs.ts";
import { progressOf } from "../generating/prompt-pings.ts";
import { timed, Timings } from "../generating/timings.ts";
import { usageOfPrompts } from "../generating/usage.ts";

/** OpenAI's default for this API. */
const DEFAULT_MAX_TOKENS = 16;

/** Before the elements of a list of tokens are checked. @throws RequestError for more than a slot holds */
export function refuseLongPrompt(serving: Serving, body: unknown): void {
  refuseManyTokens(fieldOf(body, "prompt"), plainLimit(serving));
}

/** `POST /v1/completions`: text goes on, with no template; control tokens in the prompt are the client's own business. */
export async function completions(serving: Serving, body: CompletionRequest, reply: FastifyReply): Promise<unknown> {
  checkFields(body);
  const prompts = await promptsOf(serving, body);
  const perPrompt = body.n ?? 1;
  const all = prompts.map(({ tokens }) => tokens);
  const requests = await plainRequests(serving, reply, body, all, {
    each: perPrompt,
    maxTokens: body.max_tokens ?? body.n_predict ?? DEFAULT_MAX_TOKENS,
    topLogprobs: body.logprobs ?? undefined,
    contentFormat: contentFormatOf(body),
    lengthParam: "max_tokens",
  });
  const texts = requests.map((_, index) => {
    const echo = prompts[Math.floor(index / perPrompt)]?.text ?? "";
    return new CompletionText(serving, body, echo);
  });
  const head = {
    id: `cmpl-${serving.newUuid()}`,
    object: "text_completion",
    created: nowSeconds(serving),
    model: serving.model.id,
    system_fingerprint: "drover",
  };
  const form = {
    head,
    perPrompt,
    withUsage: body.stream_options?.include_usage === true,
    returnsProgress: body.return_progress === true,
    timesTokens: body.timings_per_token === true,
  };
  if (body.stream === true) return await streamChoices(serving, reply, requests, streamForm(serving, texts, form));
  const timings = new Timings(serving.clock);
  const ends = await runChoices(serving, reply, requests, (index) => ({
    onStart: () => timings.first(),
    onPieces: (pieces, tokens) => texts[index]?.add(pieces, tokens),
  }));
  const choices = ends.map((end, index) => texts[index]?.choice(index, end.finish));
  return await sendJson(reply, {
    ...head,
    choices,
    usage: usageOfPrompts(
      ends.map((end) => end.tokens),
      perPrompt,
    ),
    ...(ends[0] === undefined ? {} : { timings: timings.of(ends[0]) }),
  });
}

interface StreamedCompletions {
  readonly head: Readonly<Record<string, unknown>>;
  /** Choices of each prompt. */
  readonly perPrompt: number;
  readonly withUsage: boolean;
  readonly returnsProgress: boolean;
  readonly timesTokens: boolean;
}

function streamForm(
  serving: Serving,
  texts: readonly CompletionText[],
  { head, perPrompt, withUsage, returnsProgress, timesTokens }: StreamedCompletions,
): StreamForm {
  const timings = new Timings(serving.clock);
  const before = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[`;
  const after = `]${withUsage ? ',"usage":null' : ""}}\n\n`;
  // As llama.cpp's server: the last event has it also where no event of its own was asked for.
  const afterLast = ({ tokens }: OutputEnd) =>
    withUsage || texts.length > 1 ? after : `],"usage":${JSON.stringify(usageOfPrompts([tokens], 1))}}\n\n`;
  const event = (index: number, finish: string | null, tail = after) =>
    before + JSON.stringify(texts[index]?.take(index, finish)) + tail;
  return {
    eventOf: returnsProgress
      ? (progress, timeMs) => `${before}],"prompt_progress":${JSON.stringify(progressOf(progress, timeMs))}}\n\n`
      : undefined,
    begin(_index, { prompt }) {
      timings.first(prompt);
    },
    pieces(index, pieces, tokens, counts) {
      texts[index]?.add(pieces, tokens);
      return event(index, null, timesTokens ? timed(after, timings.soFar(counts)) : after);
    },
    finish: (index, end) => event(index, end.finish, timed(afterLast(end), timings.of(end))),
    last(ends) {
      const counts = ends.map((end) => end.tokens);
      const usage = withUsage ? `${before}],"usage":${JSON.stringify(usageOfPrompts(counts, perPrompt))}}\n\n` : "";
      return `${usage}data: [DONE]\n\n`;
    },
  };
}

/** The text of one choice, as far as it was not yet sent. */
class CompletionText {
  readonly #serving: Serving;
  readonly #withLogprobs: boolean;
  #text: string;
  readonly #offsets: TextOffsets;
  #tokens: GeneratedToken[] = [];

  constructor(serving: Serving, body: CompletionRequest, echo: string) {
    this.#serving = serving;
    this.#withLogprobs = typeof body.logprobs === "number";
    this.#text = echo;
    this.#offsets = new TextOffsets(echo);
  }

  add(pieces: readonly OutputPiece[], tokens: readonly GeneratedToken[]): void {
    this.#text += textOf(pieces, "content");
    if (this.#withLogprobs) this.#tokens.push(...tokens);
  }

  choice(index: number, finish: string | null) {
    const logprobs = this.#withLogprobs ? completionLogprobs(this.#serving, this.#tokens, this.#offsets) : null;
    return { text: this.#text, index, logprobs, finish_reason: finish };
  }

  /** The choice as it is, and an empty one from then on. */
  take(index: number, finish: string | null) {
    const choice = this.choice(index, finish);
    this.#text = "";
    this.#tokens = [];
    return choice;
  }
}

function checkFields(body: CompletionRequest): void {
  if (body.echo === true && typeof body.logprobs === "number") {
    throw unsupported("echo", "Log-probabilities of a prompt are not computed: leave out 'echo' or 'logprobs'.");
  }
}

interface Prompt {
  readonly tokens: readonly number[];
  /** Empty where the response does not repeat it. */
  readonly text: string;
}

async function promptsOf(serving: Serving, body: CompletionRequest): Promise<readonly Prompt[]> {
  const several = separateInputs(body.prompt);
  refuseManyChoices(several.length, body.n ?? 1);
  const prompts: Prompt[] = [];
  for (const prompt of several) {
    const tokens = await promptTokens(serving, prompt, body.suffix);
    const textOfPrompt = () => (typeof prompt === "string" ? prompt : textOfTokens(serving, prompt));
    prompts.push({ tokens, text: body.echo === true ? await textOfPrompt() : "" });
  }
  return prompts;
}
