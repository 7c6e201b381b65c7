import type { FastifyReply } from "fastify";
import {
  chatOutputRequest,
  countPromptTokens,
  type ChatJob,
  type PreparedChat,
} from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { ignore } from "../http/take-body.ts";
import { commonPrefix } from "../../state/slots-by-prefix.ts";
import { MOST_TOKENS } from "./list-limits.ts";
import { readAheadOf } from "./read-ahead.ts";
import type { Serving } from "../serving.ts";

/** Of the tokens that are left for a response of any length. */
const KEPT_ROOM = 15 / 16;

/** What to generate for a chat; what of it can't be followed is named in the response's header. */
export async function prepareChat(serving: Serving, reply: FastifyReply, job: ChatJob): Promise<OutputRequest> {
  const { relaxed, nextPrompt, beforeResponses, ...asked } = await chatOutputRequest(serving, job);
  const request = job.cachePrompt
    ? { ...asked, prompt: await promptInKeptTokens(serving, asked, beforeResponses) }
    : asked;
  ignore(serving, reply, [...job.ignored, ...relaxed]);
  return { ...request, follower: readAheadOf(serving, job, { ...request, nextPrompt }) };
}

/** How many tokens its prompt has, whether or not a slot can hold it; what of it has no effect is named as above. */
export function countChat(serving: Serving, reply: FastifyReply, job: ChatJob): Promise<number> {
  ignore(serving, reply, job.ignored);
  return countPromptTokens(serving, job, MOST_TOKENS);
}

/** A model's own tokens for a text are often more than a tokenizer's; the response keeps the room that it was asked for, or most of it. */
async function promptInKeptTokens(
  { generator }: Serving,
  request: OutputRequest,
  beforeResponses: PreparedChat["beforeResponses"],
): Promise<readonly number[]> {
  const { prompt, systemTokens, maxTokens } = request;
  const kept = generator.inKeptTokens?.({ prompt, systemTokens }) ?? prompt;
  const same = commonPrefix(kept, prompt);
  if (same === kept.length && same === prompt.length) return prompt;
  const before = await beforeResponses();
  if (before === undefined || same < before) return prompt;
  const roomTokens = generator.contextTokens - prompt.length;
  const neededTokens = Math.min(maxTokens, KEPT_ROOM * roomTokens);
  return kept.length <= prompt.length || kept.length + neededTokens <= generator.contextTokens ? kept : prompt;
}
