import type { FastifyReply } from "fastify";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import type { GeneratedToken } from "../../generation-contract.ts";
import { type OutputEnd, textOf } from "../../generation/output/output.ts";
import { runChoices, type StreamForm, streamChoices } from "../generating/choices.ts";
import { prepareChat } from "../generating/prepare-chat.ts";
import { refuseExpensive } from "../generating/request-price.ts";
import { plainGrammar, plainOutput, promptTokens } from "../generating/plain-prompt.ts";
import { Timings } from "../generating/timings.ts";
import { chatLogprobs } from "../generating/token-logprobs.ts";
import { sendJson } from "../http/send-json.ts";
import { argumentsOf, ChatMessageBuilder } from "../openai-chat/chat-message-builder.ts";
import type { Serving } from "../serving.ts";
import { generateJobOf, ollamaJobOf } from "./ollama-job.ts";
import type { OllamaChat, OllamaGenerate } from "./ollama-schema.ts";

/** The text and thinking of a response, or of a part of it, as one of the two routes writes them. */
type Shape = (part: {
  readonly content: string;
  readonly thinking: string;
  readonly calls: readonly unknown[];
}) => object;

/** What is generated, and how the client asked for it. */
interface Asked {
  readonly job: ChatJob;
  readonly request: OutputRequest;
}

const messageShape: Shape = ({ content, thinking, calls }) => ({
  message: {
    role: "assistant",
    content,
    ...(thinking === "" ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  },
});

const responseShape: Shape = ({ content, thinking }) => ({
  response: content,
  ...(thinking === "" ? {} : { thinking }),
});

/** `POST /api/chat`; without a message as below. */
export async function ollamaChat(serving: Serving, body: OllamaChat, reply: FastifyReply): Promise<unknown> {
  if (body.messages.length === 0) return loaded(serving, messageShape, body);
  const job = affordable(serving, ollamaJobOf(serving, body), body);
  return await respond(serving, reply, await prepared(serving, reply, job), messageShape, body.stream ?? true);
}

/** `POST /api/generate`; without a prompt it only says that the model is loaded, as clients ask at their start. */
export async function ollamaGenerate(serving: Serving, body: OllamaGenerate, reply: FastifyReply): Promise<unknown> {
  if ((body.prompt ?? "") === "") return loaded(serving, responseShape, body);
  const job = affordable(serving, generateJobOf(serving, body), body);
  const isRaw = body.raw === true || (body.suffix ?? "") !== "";
  const asked = isRaw ? await rawText(serving, reply, job, body) : await prepared(serving, reply, job);
  return await respond(serving, reply, asked, responseShape, body.stream ?? true);
}

/** The job, if it may be done. @throws RequestError 400 `too_expensive` */
function affordable(
  serving: Serving,
  job: ChatJob,
  { stream }: { readonly stream?: boolean | null | undefined },
): ChatJob {
  refuseExpensive(serving, { ...job, choices: 1, isStream: stream ?? true, lengthParam: "options.num_predict" });
  return job;
}

async function prepared(serving: Serving, reply: FastifyReply, job: ChatJob): Promise<Asked> {
  return { job, request: await prepareChat(serving, reply, job) };
}

/** Without a template: the prompt as it is, or what is missing between it and the suffix. */
async function rawText(
  serving: Serving,
  reply: FastifyReply,
  job: ChatJob,
  { prompt, suffix }: OllamaGenerate,
): Promise<Asked> {
  const tokens = await promptTokens(serving, prompt ?? "", suffix);
  const request = {
    ...plainOutput(serving, { stop: [...job.stops] }, tokens, {
      maxTokens: job.maxTokens ?? -1,
      sampling: job.sampling,
    }),
    grammar: await plainGrammar(serving, reply, undefined, job.contentFormat),
    topLogprobs: job.topLogprobs,
  };
  return { job, request };
}

/** The model stays loaded, also for those who ask that it does not. */
function loaded(serving: Serving, shape: Shape, { keep_alive: keepAlive }: { readonly keep_alive?: unknown }) {
  const reason = keepAlive === 0 || keepAlive === "0" ? "unload" : "load";
  return { ...headOf(serving), ...shape({ content: "", thinking: "", calls: [] }), done: true, done_reason: reason };
}

async function respond(serving: Serving, reply: FastifyReply, asked: Asked, shape: Shape, streams: boolean) {
  const { job, request } = asked;
  const timings = new Timings(serving.clock);
  if (streams) return await streamChoices(serving, reply, [request], streamForm(serving, job, shape, timings), "lines");
  const builder = new ChatMessageBuilder(serving, job);
  const generated: GeneratedToken[] = [];
  const [end] = await runChoices(serving, reply, [request], () => ({
    onStart: () => timings.first(),
    onPieces: (pieces, tokens) => {
      builder.add(pieces, []);
      generated.push(...tokens);
    },
  }));
  const { content, reasoning: thinking } = builder;
  const whole = shape({ content, thinking, calls: callsOf(builder) });
  const logprobs = logprobsOf(serving, job, generated);
  const ending = end === undefined ? {} : endOf(end, timings);
  return await sendJson(reply, { ...headOf(serving), ...whole, ...logprobs, ...ending });
}

function logprobsOf({ vocabulary }: Serving, { topLogprobs }: ChatJob, tokens: readonly GeneratedToken[]) {
  return topLogprobs === undefined ? {} : { logprobs: chatLogprobs(vocabulary, tokens) };
}

function streamForm(serving: Serving, job: ChatJob, shape: Shape, timings: Timings): StreamForm {
  const calls = new ChatMessageBuilder(serving, job);
  const head = headOf(serving);
  const line = (part: Parameters<Shape>[0], more: object) =>
    `${JSON.stringify({ ...head, ...shape(part), ...more })}\n`;
  return {
    begin() {
      timings.first();
    },
    pieces(_index, pieces, tokens) {
      const ofCalls = pieces.filter(({ kind }) => kind === "tool-call" || kind === "tool-arguments");
      calls.add(ofCalls, []);
      const [content, thinking] = [textOf(pieces, "content"), textOf(pieces, "reasoning")];
      const more = { ...logprobsOf(serving, job, tokens), done: false };
      return content !== "" || thinking !== "" ? line({ content, thinking, calls: [] }, more) : "";
    },
    last([end]) {
      // Arguments are objects here, so a call is told once it is complete.
      const made = callsOf(calls);
      const told = made.length === 0 ? "" : line({ content: "", thinking: "", calls: made }, { done: false });
      if (end === undefined) return told;
      const last = endOf(end, timings);
      return told + evened(line({ content: "", thinking: "", calls: [] }, last), last);
    },
  };
}

function callsOf({ toolCalls }: ChatMessageBuilder): readonly object[] {
  return toolCalls.map(({ id, name, arguments: text }, index) => ({
    id,
    function: { index, name, arguments: argumentsOf(text) },
  }));
}

function headOf({ model, clock }: Serving) {
  return { model: model.id, created_at: new Date(clock.epochMs()).toISOString() };
}

/** Durations are nanoseconds here. */
function endOf({ finish, tokens }: OutputEnd, timings: Timings) {
  return {
    done: true,
    done_reason: finish === "length" ? "length" : "stop",
    total_duration: nanoseconds(timings.totalMs),
    load_duration: 0,
    prompt_eval_count: tokens.prompt,
    prompt_eval_duration: nanoseconds(timings.promptMs),
    eval_count: tokens.completion,
    eval_duration: nanoseconds(timings.predictedMs),
  };
}

/** Who resumes a stream counts its bytes, and takes other times: blanks behind the line make up for their digits. */
function evened(
  line: string,
  { total_duration, prompt_eval_duration, eval_duration }: ReturnType<typeof endOf>,
): string {
  const digits = `${total_duration}${prompt_eval_duration}${eval_duration}`.length;
  return `${line.slice(0, -1)}${" ".repeat(Math.max(0, 48 - digits))}\n`;
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
