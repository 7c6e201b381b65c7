import { systemClock } from "@drover/foundation/clock";
import { pino } from "pino";
import type { ModelDescription } from "../engine/engine.ts";
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
  /** Entries of the log from `info` on. */
  readonly logged: readonly { readonly level: number }[];
}

/** One request to a worker whose model says what the scripts say. */
export async function askScripted(
  path: string,
  body: object,
  scripts: readonly Script[],
  model: Partial<ModelDescription> = {},
  vocabulary = byteVocabulary,
): Promise<Asked> {
  const { generator, requests } = scriptedGenerator(...scripts);
  const lines: string[] = [];
  const server = createServer({
    generator,
    vocabulary,
    model: { ...byteModel, ...model },
    slots: { contextTokens: 4096, counts: () => ({ idle: 1, processing: 0, queued: 0 }), describe: () => [] },
    logger: pino({ level: "info" }, { write: (line) => lines.push(line) }),
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
    logged: lines.map((line) => JSON.parse(line) as { level: number }),
  };
}

function textOf(tokens: readonly number[]): string {
  return Buffer.concat(tokens.map((token) => byteVocabulary.tokenBytes(token, "control"))).toString("utf8");
}
