import { randomUUID } from "node:crypto";
import type { FastifyReply } from "fastify";
import type { OutputParts } from "../generation/generate.ts";
import { ChatPrompts } from "../generation/prompt/chat-prompt.ts";
import { GrammarCompiler, type CompileGrammar } from "../generation/grammar-compiler.ts";
import { PromptTokenizer } from "../generation/prompt/prompt-tokenizer.ts";
import { vetGrammar } from "../generation/vet-grammar.ts";
import type { GrammarSpec } from "../generation-contract.ts";
import { TokenTexts } from "../generation/output/token-texts.ts";
import type { ServerParts } from "./server-parts.ts";

/** The parts, and what is made of them once per model. */
export interface Serving extends ServerParts, OutputParts {
  readonly prompts: ChatPrompts;
  readonly tokenizer: PromptTokenizer;
  readonly compileGrammar: CompileGrammar;
  /** A client's own grammar, tried. @throws RequestError 400 */
  readonly vetGrammar: (gbnf: string) => Promise<GrammarSpec>;
  /** Parameters that the log named as ignored. */
  readonly ignoredBefore: Set<string>;
  /** Random, but for a response that outlives its worker, whose ids must be the same again. */
  readonly newUuid: () => string;
  /** Ids of calls of tools. */
  readonly newCallId: () => string;
  /** Others may use what system message and tools have left. @default false */
  readonly sharesSystem?: boolean;
  /** What the client has of the stream already, from an earlier worker. @default 0 */
  readonly sentBytes?: number;
}

export function createServing(parts: ServerParts): Serving {
  const compiler = new GrammarCompiler(parts.clock);
  const tokenizer = new PromptTokenizer(parts);
  return {
    ...parts,
    prompts: new ChatPrompts(parts.model, { ...parts, tokenizer }, (reason) =>
      parts.logger.warn({ reason }, "the model's chat template can't be read; chats are written as ChatML instead"),
    ),
    tokenizer,
    compileGrammar: (format, constraint) => compiler.compile(format, constraint),
    vetGrammar: (gbnf) => vetGrammar(parts.tryGrammar, gbnf),
    ignoredBefore: new Set(),
    newUuid: randomUUID,
    newCallId: () => newId({ newUuid: randomUUID }, "call", CALL_ID_DIGITS),
    tokenTexts: new TokenTexts(parts.vocabulary),
  };
}

/** Digits that are left of a UUID in the ids of calls, as OpenAI and Anthropic have them. */
export const CALL_ID_DIGITS = 24;

/** `msg_0123…`, of at most 32 hexadecimal digits. */
export function newId({ newUuid }: Pick<Serving, "newUuid">, prefix: string, digits = 32): string {
  return `${prefix}_${newUuid().replaceAll("-", "").slice(0, digits)}`;
}

/** Unix time in seconds, as `created` fields have it. */
export function nowSeconds(serving: Serving): number {
  return Math.floor(serving.clock.epochMs() / 1000);
}

/** Calls `gone` when the client leaves before it has its complete response. */
export function onClientGone(reply: FastifyReply, gone: () => void): void {
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone();
  });
}
