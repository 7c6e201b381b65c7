import type { FastifyReply } from "fastify";
import { countLimit } from "../../generation/chat-request.ts";
import { MOST_TOKENS } from "../generating/list-limits.ts";
import { sendJson } from "../http/send-json.ts";
import { chatJobOf } from "../openai-chat/chat-job.ts";
import type { ChatCompletionRequest } from "../openai-chat/chat-schema.ts";
import type { Serving } from "../serving.ts";

/** `POST /apply-template`: the prompt that a chat becomes, as text. */
export async function applyTemplate(serving: Serving, body: ChatCompletionRequest, reply: FastifyReply) {
  const job = await chatJobOf(serving, body);
  const prompt = await serving.prompts.text({
    messages: job.messages,
    tools: job.toolChoice === "none" ? [] : job.tools,
    templateArguments: job.templateArguments,
    mayThink: job.thinkingBudget !== 0,
    limit: countLimit(serving, job, MOST_TOKENS),
  });
  return await sendJson(reply, { prompt });
}
