import type { FastifyReply } from "fastify";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { countChat, prepareChat } from "../generating/prepare-chat.ts";
import { refuseExpensive } from "../generating/request-price.ts";
import { runChoices, streamChoices } from "../generating/choices.ts";
import { MessageEvents, messageUsage } from "./message-events.ts";
import { argumentsOf, ChatMessageBuilder } from "../openai-chat/chat-message-builder.ts";
import { messagesJobOf } from "./messages-job.ts";
import type { CountTokensRequest } from "./messages-schema.ts";
import { fieldOf } from "../http/parse-body.ts";
import { RequestError } from "../../errors.ts";
import { CALL_ID_DIGITS, newId, type Serving } from "../serving.ts";
import type { OutputEnd, OutputPiece } from "../../generation/output/output.ts";

/** `POST /v1/messages`: Anthropic's API. */
export async function messages(
  serving: Serving,
  body: CountTokensRequest & { readonly max_tokens: number },
  reply: FastifyReply,
): Promise<unknown> {
  const job = messagesJobOf(serving, body);
  refuseExpensive(serving, { ...job, choices: 1, isStream: true, lengthParam: "max_tokens" });
  const id = newId(serving, "msg");
  const withIds = { ...serving, newCallId: () => newId(serving, "toolu", CALL_ID_DIGITS) };
  const prepared = await prepareChat(withIds, reply, job);
  if (body.stream !== true) return await completeMessage(serving, reply, job, prepared, id);
  const events = new MessageEvents(id, serving.model.id);
  return await streamChoices(serving, reply, [prepared], {
    begin: (_index, prompt) => events.start(prompt),
    pieces: (_index, pieces) => events.pieces(shown(job, pieces)),
    last: ([end]) => (end === undefined ? "" : events.end(end, stopReasonOf(end))),
  });
}

/** Its newest client tries to have the server keep the messages, and continues without where it is told so by this message. */
export function refuseThread(_serving: Serving, body: unknown): void {
  const thread = fieldOf(body, "thread");
  if (thread === undefined || thread === null) return;
  throw new RequestError("Unsupported parameter: 'thread'. This server keeps no messages: send them all.", {
    status: 400,
    reason: "unsupported_parameter",
    param: "thread",
    details: { error_code: "thread_unsupported_request", unsupported: ["thread"] },
  });
}

/** `POST /v1/messages/count_tokens`. */
export async function countTokens(serving: Serving, body: CountTokensRequest, reply: FastifyReply) {
  const job = messagesJobOf(serving, body);
  return { input_tokens: await countChat(serving, reply, job) };
}

async function completeMessage(
  serving: Serving,
  reply: FastifyReply,
  job: ChatJob,
  prepared: OutputRequest,
  id: string,
) {
  const builder = new ChatMessageBuilder(serving, job);
  const [end] = await runChoices(serving, reply, [prepared], () => ({
    onPieces: (pieces) => builder.add(shown(job, pieces), []),
  }));
  if (end === undefined) throw new Error("a request of one choice ended with none");
  const calls = builder.toolCalls.map((call) => ({
    type: "tool_use",
    id: call.id,
    name: call.name,
    input: argumentsOf(call.arguments),
  }));
  const text = builder.content === "" && calls.length > 0 ? [] : [{ type: "text", text: builder.content }];
  const thinking = builder.reasoning === "" ? [] : [{ type: "thinking", thinking: builder.reasoning, signature: "" }];
  return {
    id,
    type: "message",
    role: "assistant",
    model: serving.model.id,
    content: [...thinking, ...text, ...calls],
    stop_reason: stopReasonOf(end),
    stop_sequence: end.stopString ?? null,
    usage: messageUsage(end.tokens),
  };
}

/** A client that enabled no thinking does not expect blocks of it, should the model think nevertheless. */
function shown(job: ChatJob, pieces: readonly OutputPiece[]): readonly OutputPiece[] {
  return job.thinkingBudget === 0 ? pieces.filter((piece) => piece.kind !== "reasoning") : pieces;
}

function stopReasonOf(end: OutputEnd): string {
  if (end.finish === "tool_calls") return "tool_use";
  if (end.finish === "length") return "max_tokens";
  return end.stopString === undefined ? "end_turn" : "stop_sequence";
}
