import { systemClock } from "@drover/foundation/clock";
import { pino } from "pino";
import type { GenerationRequest } from "../generation-contract.ts";
import { createServer } from "../server.ts";
import { byteModel, byteVocabulary } from "./byte-vocabulary.ts";
import { type Script, scriptedGenerator } from "./scripted-generator.ts";

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The body. */
  readonly response: unknown;
  /** What the model was asked for, and the texts of its prompts. */
  readonly requests: readonly GenerationRequest[];
  readonly prompts: readonly string[];
}

/** One request to a worker whose model says what the scripts say. `chatTemplate`: of the model. @default ChatML */
export async function askScripted(
  path: string,
  body: object,
  scripts: readonly Script[],
  chatTemplate?: string,
): Promise<Asked> {
  const { generator, requests } = scriptedGenerator(...scripts);
  const server = createServer({
    generator,
    vocabulary: byteVocabulary,
    model: { ...byteModel, chatTemplate },
    slots: { contextTokens: 4096, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
    logger: pino({ level: "silent" }),
    clock: systemClock,
    randomSeed: () => 5,
  });
  const response = await server.inject({ method: "POST", url: path, payload: body });
  const prompts = requests.map(({ prompt }) => textOf(prompt));
  return {
    status: response.statusCode,
    headers: response.headers,
    response: response.json<unknown>(),
    requests,
    prompts,
  };
}

function textOf(tokens: readonly number[]): string {
  return Buffer.concat(tokens.map((token) => byteVocabulary.tokenBytes(token, true))).toString("utf8");
}
