import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Clock } from "./clock.ts";
import type { Embedder, ModelDescription, Vocabulary } from "./engine/engine.ts";
import type { Generator } from "./slots/generation-request.ts";
import type { SlotsView } from "./slots/slots-view.ts";

export interface ServerParts {
  readonly generator: Generator;
  readonly vocabulary: Vocabulary;
  readonly model: ModelDescription;
  readonly slots: SlotsView;
  /** Absent: `/v1/embeddings` answers that the model was not loaded for it. */
  readonly embedder?: Embedder;
  /** Where set, each request must carry it in SECRET_HEADER. */
  readonly secret?: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** 32 random bits, for seeds that the client leaves to us. */
  readonly randomSeed: () => number;
}

/** The worker's HTTP side, not listening yet: `await createServer(parts).listen({ host, port })`. */
export function createServer(parts: ServerParts): FastifyInstance {
  const server = Fastify({ logger: false });
  server.get("/health", () => {
    const { idle, processing } = parts.slots.counts();
    return { status: "ok", slots_idle: idle, slots_processing: processing };
  });
  return server;
}
