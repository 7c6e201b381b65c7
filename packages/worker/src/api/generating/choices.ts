import { turnToParse } from "@drover/contract/json/json-cost";
import type { FastifyReply } from "fastify";
import { type OutputRequest, generateOutput } from "../../generation/generate.ts";
import type { OutputEnd, OutputSink } from "../../generation/output/output.ts";
import { PromptPings, type WaitingStream } from "./prompt-pings.ts";
import type { GenerationHandle } from "../../generation-contract.ts";
import { RequestError } from "../../errors.ts";
import { reportChoices } from "./report.ts";
import { engineFailed, generationCancelled } from "../http/error-envelope.ts";
import { SseStream } from "../http/sse-stream.ts";
import { type Serving, onClientGone } from "../serving.ts";

/** Where one choice's output goes while it is generated. */
export interface ChoiceSink extends Pick<OutputSink, "onPieces"> {
  onStart?: OutputSink["onStart"];
  /** The choice is complete. */
  onEnd?(end: OutputEnd): void;
}

/**
 * Generates all choices of a request side by side, each in its own slot, and ends them all when the client leaves or one
 * fails. A stream that waits for its first token is told how much of the (first) prompt is read.
 *
 * @throws RequestError `engine_failed` or `cancelled`.
 */
export function runChoices(
  serving: Serving,
  reply: FastifyReply,
  requests: readonly OutputRequest[],
  sinkOf: (index: number) => ChoiceSink,
  waiting?: WaitingStream,
): Promise<readonly OutputEnd[]> {
  return new Promise((resolve, reject) => {
    if (reply.raw.destroyed) return reject(generationCancelled());
    const handles: GenerationHandle[] = [];
    const ends: OutputEnd[] = [];
    let left = requests.length;
    const [first] = requests;
    const follower = requests.length === 1 ? first?.follower : undefined;
    const pings = waiting && first && new PromptPings(serving.clock, waiting, first.prompt.length);
    let isOver = false;
    const cancelAll = () => {
      isOver = true;
      for (const handle of handles) handle.cancel();
    };
    const onEnd = (index: number, sink: ChoiceSink, end: OutputEnd) => {
      ends[index] = end;
      left -= 1;
      if (left === 0) reportChoices(serving, reply.request, requests, ends);
      pings?.stop();
      if (end.finish === "failed") {
        reject(failureOf(end.error, serving, reply.request.id));
        cancelAll();
      } else if (end.finish === "cancelled") reject(generationCancelled());
      else {
        sink.onEnd?.(end);
        follower?.onEnd(end);
      }
      if (left === 0) resolve(ends);
    };
    onClientGone(reply, cancelAll);
    const begin = (request: OutputRequest, index: number) => {
      const sink = sinkOf(index);
      const handle = generateOutput(serving, request, {
        onPromptRead: (progress) => (index === 0 ? pings?.read(progress) : undefined),
        onStart: (prompt) => {
          sink.onStart?.(prompt);
          pings?.onToken();
        },
        onPieces: (pieces, tokens, counts) => {
          follower?.onPieces(pieces);
          sink.onPieces(pieces, tokens, counts);
          pings?.onToken();
        },
        onEnd: (end) => onEnd(index, sink, end),
      });
      handles.push(handle);
      if (isOver) handle.cancel();
    };
    beginInTurns(requests, begin).catch(reject);
  });
}

/** What it takes to begin a response, in bytes of JSON that are parsed. */
const BEGIN_BYTES = 16 * 1024;

async function beginInTurns(
  requests: readonly OutputRequest[],
  begin: (request: OutputRequest, index: number) => void,
): Promise<void> {
  for (const [index, request] of requests.entries()) {
    const turn = index === 0 ? undefined : turnToParse(BEGIN_BYTES);
    if (turn !== undefined) await turn;
    begin(request, index);
  }
}

/** How an API streams the choices of a request: what each part of their output is there. */
export interface StreamForm extends Pick<WaitingStream, "eventOf"> {
  /** The first token of a choice is there. */
  begin?(index: number, prompt: Parameters<OutputSink["onStart"]>[0]): string | undefined;
  pieces(index: number, ...step: Parameters<OutputSink["onPieces"]>): string;
  finish?(index: number, end: OutputEnd): string;
  /** What the stream ends with. */
  last(ends: readonly OutputEnd[]): string;
}

/** As {@link runChoices}, for a response that is a stream: once it is open, an error is its last event. */
export async function streamChoices(
  serving: Serving,
  reply: FastifyReply,
  requests: readonly OutputRequest[],
  form: StreamForm,
  contentForm: "events" | "lines" = "events",
): Promise<FastifyReply> {
  const stream = new SseStream(serving, reply, contentForm);
  const sinkOf = (index: number): ChoiceSink => ({
    onStart(prompt) {
      stream.open();
      stream.write(form.begin?.(index, prompt) ?? "");
    },
    onPieces: (pieces, tokens, counts) => stream.write(form.pieces(index, pieces, tokens, counts)),
    onEnd: (end) => stream.write(form.finish?.(index, end) ?? ""),
  });
  try {
    const ends = await runChoices(serving, reply, requests, sinkOf, { stream, eventOf: form.eventOf });
    stream.end(form.last(ends));
  } catch (error) {
    stream.fail(error);
  }
  return reply;
}

function failureOf(error: Error | undefined, { logger }: Serving, requestId: string): RequestError {
  if (error instanceof RequestError) {
    logger.info({ requestId, reason: error.message }, "a request ended early because of what it asks for");
    return error;
  }
  logger.error({ err: error, requestId }, "the engine failed while it generated");
  return engineFailed(error?.message ?? "unknown reason");
}

/** So many choices of one prompt: with the seed, the next one, and so on. */
export function choicesOf(request: OutputRequest, count: number): readonly OutputRequest[] {
  const seedOf = (index: number) => (request.sampling.seed + index) >>> 0;
  return Array.from({ length: count }, (_, index) => ({
    ...request,
    sampling: { ...request.sampling, seed: seedOf(index) },
  }));
}
