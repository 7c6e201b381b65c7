import type { WorkerSettings } from "@drover/contract/worker-options";
import { randomUUID } from "node:crypto";
import type { FastifyReply } from "fastify";
import type { OutputParts } from "../generation/generate.ts";
import { ChatPrompts } from "../generation/prompt/chat-prompt.ts";
import { GrammarCompiler, type CompileGrammar } from "../generation/grammar-compiler.ts";
import { PromptTokenizer } from "../generation/prompt/prompt-tokenizer.ts";
import { type TryGrammar, vetGrammar } from "../generation/vet-grammar.ts";
import type { Generator, GrammarSpec } from "../generation-contract.ts";
import type { Logger } from "pino";
import type { RequestReport } from "@drover/contract/request-report";
import type { Clock } from "@drover/foundation/clock";
import type { Embedder, ModelDescription, TextKind, Vocabulary } from "../engine/engine.ts";
import type { JournalSettings } from "../state/response-journal.ts";
import type { SlotsView } from "../slots/slots-view.ts";
import { TokenTexts } from "../generation/output/token-texts.ts";

/** What the HTTP side needs of the rest of the worker. */
export interface ServerParts {
  readonly generator: Generator;
  readonly vocabulary: Vocabulary;
  /** Tokenizes texts of which this process could die in another one. */
  readonly tokenizeApart?: (text: string, kind: TextKind) => Promise<readonly number[]>;
  readonly tryGrammar?: TryGrammar;
  readonly model: ModelDescription;
  readonly slots: SlotsView;
  /** Told how each request went that the balancer has named. */
  readonly onReport?: (report: RequestReport) => void;
  /** Absent: `/v1/embeddings` says that the model was not loaded for it. */
  readonly embedder?: Embedder;
  /** Where set, each request must carry it in SECRET_HEADER. */
  readonly secret?: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Absent: unknown parameters are ignored, and a request may ask for any number of tokens. */
  readonly settings?: Partial<WorkerSettings>;
  /** Where responses are written down for a successor of this worker. Absent: they end with it. */
  readonly journals?: JournalSettings;
  /** 32 random bits, for seeds that the client leaves to us. */
  readonly randomSeed: () => number;
}

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
