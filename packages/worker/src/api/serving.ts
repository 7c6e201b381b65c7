import { randomUUID } from "node:crypto";
import type { FastifyReply } from "fastify";
import type { AnswerParts } from "../generation/generate.ts";
import { ChatPrompts } from "../generation/chat-prompt.ts";
import { TokenTexts } from "../generation/token-texts.ts";
import type { ServerParts } from "./server-parts.ts";

/** The parts, and what is made of them once per model. */
export interface Serving extends ServerParts, AnswerParts {
  readonly prompts: ChatPrompts;
  /** Ids of calls of tools. */
  readonly newCallId: () => string;
}

export function createServing(parts: ServerParts): Serving {
  return {
    ...parts,
    prompts: new ChatPrompts(parts.model, parts.vocabulary, (reason) =>
      parts.logger.warn({ reason }, "the model's chat template can't be read; chats are written as ChatML instead"),
    ),
    newCallId: () => `call_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
    tokenTexts: new TokenTexts(parts.vocabulary),
  };
}

/** Unix time in seconds, as `created` fields have it. */
export function nowSeconds(serving: Serving): number {
  return Math.floor(serving.clock.nowMs() / 1000);
}

/** Calls `gone` when the client leaves before it has its whole answer. */
export function onClientGone(reply: FastifyReply, gone: () => void): void {
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone();
  });
}
