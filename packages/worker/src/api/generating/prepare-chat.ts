import type { FastifyReply } from "fastify";
import { chatOutputRequest, type ChatJob } from "../../generation/chat-request.ts";
import type { OutputRequest } from "../../generation/generate.ts";
import { ignore } from "../http/take-body.ts";
import { readAheadOf } from "./read-ahead.ts";
import type { Serving } from "../serving.ts";

/** What to generate for a chat; what of it can't be followed is named in the response's header. */
export async function prepareChat(serving: Serving, reply: FastifyReply, job: ChatJob): Promise<OutputRequest> {
  const { relaxed, nextPrompt, ...request } = await chatOutputRequest(serving, job);
  ignore(serving, reply, [...job.ignored, ...relaxed]);
  const readAhead = readAheadOf(serving, job, { ...request, nextPrompt });
  return readAhead === undefined ? request : { ...request, follower: readAhead };
}
