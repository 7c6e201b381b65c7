import type { FastifyReply } from "fastify";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { chatJobOf } from "./chat-job.ts";
import { ChatChunks, type ChunkHead } from "./chat-chunks.ts";
import { ChatMessageBuilder } from "./chat-message-builder.ts";
import type { ChatCompletionRequest } from "./chat-schema.ts";
import { choicesOf, runChoices, streamChoices } from "../generating/choices.ts";
import { sendJson } from "../http/send-json.ts";
import { type Serving, nowSeconds } from "../serving.ts";
import { prepareChat } from "../generating/prepare-chat.ts";
import { refuseExpensive } from "../generating/request-price.ts";
import { Timings } from "../generating/timings.ts";
import { usageOf } from "../generating/usage.ts";

/** `POST /v1/chat/completions`. */
export async function chatCompletions(
  serving: Serving,
  body: ChatCompletionRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const job = await chatJobOf(serving, body);
  const choices = body.n ?? 1;
  refuseExpensive(serving, { ...job, choices, isStream: body.stream === true, lengthParam: "max_tokens" });
  const head = { id: `chatcmpl-${serving.newUuid()}`, created: nowSeconds(serving), model: serving.model.id };
  const requests = choicesOf(await prepareChat(serving, reply, job), choices);
  if (body.stream !== true) return await completeChat(serving, reply, job, requests, head);
  const asked = {
    usage: body.stream_options?.include_usage === true,
    progress: body.return_progress === true,
    timings: body.timings_per_token === true,
  };
  return await streamChoices(serving, reply, requests, new ChatChunks(serving, job, head, asked));
}

async function completeChat(
  serving: Serving,
  reply: FastifyReply,
  job: ChatJob,
  requests: readonly OutputRequest[],
  head: ChunkHead,
) {
  const timings = new Timings(serving.clock);
  const builders = requests.map(() => new ChatMessageBuilder(serving, job));
  const ends = await runChoices(serving, reply, requests, (index) => ({
    onStart: () => timings.first(),
    onPieces: (pieces, tokens) => builders[index]?.add(pieces, tokens),
  }));
  return await sendJson(reply, {
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    system_fingerprint: "drover",
    choices: ends.map((end, index) => ({ index, ...builders[index]?.choice(end) })),
    usage: usageOf(ends.map((end) => end.tokens)),
    ...(ends[0] === undefined ? {} : { timings: timings.of(ends[0]) }),
  });
}
