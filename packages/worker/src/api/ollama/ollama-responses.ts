import { argumentsOf } from "../generating/call-arguments.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { type OutputEnd, textOf } from "../../generation/output/output.ts";
import { runChoices, streamChoices } from "../generating/choices.ts";
import { prepareChat } from "../generating/prepare-chat.ts";
import { refuseExpensive } from "../generating/request-price.ts";
import { Timings } from "../generating/timings.ts";
import { SseStream } from "../http/sse-stream.ts";
import { takeBody } from "../http/take-body.ts";
import { ChatMessageBuilder } from "../openai-chat/chat-message-builder.ts";
import type { Serving } from "../serving.ts";
import { generateJobOf, ollamaJobOf } from "./ollama-job.ts";
import { ollamaChatRequest, ollamaGenerateRequest } from "./ollama-schema.ts";

/** The text and thinking of a response, or of a part of it, as one of the two routes writes them. */
type Shape = (part: {
  readonly content: string;
  readonly thinking: string;
  readonly calls: readonly unknown[];
}) => object;

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
export async function ollamaChat(serving: Serving, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const body = takeBody(serving, ollamaChatRequest, request, reply);
  if (body.messages.length === 0) return loaded(serving, messageShape, body);
  return await respond(serving, reply, ollamaJobOf(serving, body), messageShape, body.stream ?? true);
}

/** `POST /api/generate`; without a prompt it only says that the model is loaded, as clients ask at their start. */
export async function ollamaGenerate(serving: Serving, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const body = takeBody(serving, ollamaGenerateRequest, request, reply);
  if ((body.prompt ?? "") === "") return loaded(serving, responseShape, body);
  return await respond(serving, reply, generateJobOf(serving, body), responseShape, body.stream ?? true);
}

/** The model stays loaded, also for those who ask that it does not. */
function loaded(serving: Serving, shape: Shape, { keep_alive: keepAlive }: { readonly keep_alive?: unknown }) {
  const reason = keepAlive === 0 || keepAlive === "0" ? "unload" : "load";
  return { ...headOf(serving), ...shape({ content: "", thinking: "", calls: [] }), done: true, done_reason: reason };
}

async function respond(serving: Serving, reply: FastifyReply, job: ChatJob, shape: Shape, streams: boolean) {
  refuseExpensive(serving, { ...job, choices: 1, isStream: streams, lengthParam: "options.num_predict" });
  const request = await prepareChat(serving, reply, job);
  const timings = new Timings(serving.clock);
  if (streams) return await stream(serving, reply, { job, request, shape, timings });
  const builder = new ChatMessageBuilder(serving, job);
  const [end] = await runChoices(serving, reply, [request], () => ({
    onStart: () => timings.first(),
    onPieces: (pieces) => builder.add(pieces, []),
  }));
  const { content, reasoning: thinking } = builder;
  const whole = shape({ content, thinking, calls: callsOf(builder) });
  return { ...headOf(serving), ...whole, ...(end === undefined ? {} : endOf(end, timings)) };
}

interface Streamed {
  readonly job: ChatJob;
  readonly request: OutputRequest;
  readonly shape: Shape;
  readonly timings: Timings;
}

async function stream(serving: Serving, reply: FastifyReply, { job, request, shape, timings }: Streamed) {
  const lines = new SseStream(serving, reply, "lines");
  const calls = new ChatMessageBuilder(serving, job);
  const head = headOf(serving);
  const line = (part: Parameters<Shape>[0], more: object) =>
    `${JSON.stringify({ ...head, ...shape(part), ...more })}\n`;
  return await streamChoices(serving, reply, [request], {
    stream: lines,
    sinkOf: () => ({
      onStart: () => {
        timings.first();
        lines.open();
      },
      onPieces: (pieces) => {
        calls.add(
          pieces.filter(({ kind }) => kind === "tool-call" || kind === "tool-arguments"),
          [],
        );
        const [content, thinking] = [textOf(pieces, "content"), textOf(pieces, "reasoning")];
        if (content !== "" || thinking !== "") lines.write(line({ content, thinking, calls: [] }, { done: false }));
      },
    }),
    endOf: ([end]) => {
      // Arguments are objects here, so a call is told once it is complete.
      const made = callsOf(calls);
      const told = made.length === 0 ? "" : line({ content: "", thinking: "", calls: made }, { done: false });
      return end === undefined ? told : told + line({ content: "", thinking: "", calls: [] }, endOf(end, timings));
    },
  });
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

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
