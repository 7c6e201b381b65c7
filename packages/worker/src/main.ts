/** Composition root of a worker: loads the model, opens the port, and tells the supervisor (where there is one). */
import { messageOf } from "@drover/foundation/error-text";
import { createHash, randomInt } from "node:crypto";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { type Logger, pino } from "pino";
import { type KnownCosts, knowStepCosts } from "./step-costs/know-step-costs.ts";
import { systemClock } from "@drover/foundation/clock";
import { createServing, type ServerParts } from "./api/serving.ts";
import { ApartSampling } from "./batching/apart/apart-sampling.ts";
import { ApartGrammars } from "./engine/apart-grammars.ts";
import { ApartTokenizer } from "./engine/apart-tokenizer.ts";
import { loadLlamaEngine } from "./engine/llama-engine.ts";
import type { Embedder, Engine } from "./engine/engine.ts";
import { GREEDY } from "./generation-contract.ts";
import { modelDigest } from "./engine/model-digest.ts";
import { WorkerError } from "./errors.ts";
import { CpuLease } from "./leases/cpu-lease.ts";
import { measureWhileIdle } from "./leases/measure-while-idle.ts";
import { linkParent } from "./parent-link.ts";
import { PROTOCOL_VERSION, SECRET_ENV } from "@drover/contract/ipc";
import { rehearse } from "./rehearsal.ts";
import { createServer } from "./server.ts";
import { SlotPool } from "./slots/slot-pool.ts";
import { SnapshotStore } from "./state/snapshot-store.ts";
import type { JournalSettings } from "./state/response-journal.ts";
import { type CompleteOptions, parseOptions } from "./worker-options.ts";

// V8 drops compiled code that was not used for a while; a worker has it ready (see rehearsal.ts).
setFlagsFromString("--no-flush-bytecode");
const supervised = process.send !== undefined;
// Without a listener this signal opens Node's debugger to every user of this machine, who could then run anything here.
if (process.env["DROVER_DEBUG"] !== "1") process.on("SIGUSR1", () => {});

let pool: SlotPool | undefined;
/** Decodes of texts to embed: the engine makes progress by them as well. */
let embeddingSteps = 0;
let lease: CpuLease | undefined;

const tell = linkParent({
  channel: process,
  clock: systemClock,
  status: () => {
    const { processing = 0, queued = 0 } = pool?.counts() ?? {};
    const steps = (pool?.steps ?? 0) + embeddingSteps;
    return { steps, active: processing + queued, busySlots: processing, figures: pool?.figures() ?? {} };
  },
  on: {
    lease: (order) => lease?.order(order),
    shutdown: () => process.exit(0),
    gone: () => process.exit(1),
  },
});

try {
  const options = parseOptions(process.argv[2]);
  // libuv reads this when its first task comes.
  process.env["UV_THREADPOOL_SIZE"] ??= String(poolThreads(options.threads));
  await serve(options, pino({ level: options.logLevel }));
} catch (error) {
  await fail(error);
}

async function serve(options: CompleteOptions, logger: Logger): Promise<void> {
  const computing: { threads: (threads: number) => void } = { threads: () => {} };
  lease = new CpuLease({
    threads: options.leases === undefined ? options.threads : 0,
    tell: options.leases === undefined ? undefined : (message) => void tell(message),
    apply: (threads) => computing.threads(threads),
    clock: systemClock,
  });
  const engine = await load(options, logger);
  computing.threads = (threads) => engine.setThreads(threads);
  if (lease.threads > 0) engine.setThreads(lease.threads);
  const parts = { engine, options, lease, logger };
  const known = await knowStepCosts({
    ...parts,
    onKnown: (threads, points) => void tell({ type: "step-costs", threads, points }),
  });
  if (known !== undefined) {
    computing.threads = (threads) => known.costs.hold(threads);
    if (lease.threads > 0) known.costs.hold(lease.threads);
  }
  const shared = await openShared(engine, options, logger);
  pool = openPool(parts, known, shared?.snapshots);
  await firstToken(pool, engine);
  await openPort(pool, parts, shared?.journals);
  if (known !== undefined && options.leases !== undefined) {
    const { measureRest } = known;
    const { canCutState } = engine.model;
    measureWhileIdle({ lease, pool, clock: systemClock, canCutState, measureRest, logger });
  }
}

interface WorkerParts {
  readonly engine: Engine;
  readonly options: CompleteOptions;
  readonly lease: CpuLease;
  readonly logger: Logger;
}

function openPool(
  { engine, options, lease: turns }: WorkerParts,
  known: KnownCosts | undefined,
  snapshots: SnapshotStore | undefined,
): SlotPool {
  return new SlotPool({
    engine,
    clock: systemClock,
    costs: known?.costs.costs,
    ...(known !== undefined && { learner: known.costs }),
    settings: options,
    turns,
    apart: new ApartSampling({
      grammars: new ApartGrammars(options.modelPath, systemClock),
      clock: systemClock,
      vocabularySize: engine.model.vocabularySize,
      canCutState: engine.model.canCutState,
      slots: engine.sequences,
    }),
    ...(snapshots !== undefined && { snapshots }),
  });
}

/** Serves HTTP, and says so to the supervisor. */
async function openPort(
  slots: SlotPool,
  { engine, options, lease: turns, logger }: WorkerParts,
  journals: JournalSettings | undefined,
): Promise<void> {
  const apart = new ApartTokenizer(options.modelPath, systemClock);
  const parts: ServerParts = {
    generator: slots,
    vocabulary: engine.vocabulary,
    tokenizeApart: (text, kind) => apart.tokenize(text, kind),
    tryGrammar: (gbnf) => apart.tryGrammar(gbnf),
    model: engine.model,
    slots,
    ...inTurns(engine, turns),
    ...(process.env[SECRET_ENV] !== undefined && { secret: process.env[SECRET_ENV] }),
    ...(journals !== undefined && { journals }),
    logger,
    clock: systemClock,
    randomSeed: () => randomInt(2 ** 32),
    onReport: (report) => void tell({ type: "request-ended", report }),
    settings: options,
  };
  const serving = createServing(parts);
  await rehearse(parts, serving).catch((error: unknown) =>
    logger.warn(`the first requests may take some milliseconds longer: the rehearsal broke off (${messageOf(error)})`),
  );
  const server = createServer(parts, serving);
  await listen(server, options);
  stopOnSignals(slots, async () => await server.close());
  const { port } = server.server.address() as AddressInfo;
  const served = { port, model: engine.model.id, slots: engine.sequences };
  logger.info({ ...served, contextTokens: engine.contextTokens, threads: options.threads }, "ready");
  await tell({ type: "ready", protocol: PROTOCOL_VERSION, ...served });
}

/** The context for embeddings is another one of llama.cpp's, and must not compute beside a step on the same CPUs. */
function inTurns({ embedder }: Engine, turns: CpuLease): { readonly embedder?: Embedder } {
  if (embedder === undefined) return {};
  const run = async (decode: () => Promise<void>) => {
    const end = await turns.begin("embeddings");
    try {
      await decode();
    } finally {
      end();
      embeddingSteps += 1;
    }
  };
  const steps = { run, areShared: () => turns.wants("steps") };
  return { embedder: { maxTokens: embedder.maxTokens, embed: (tokens) => embedder.embed(tokens, steps) } };
}

async function load(options: CompleteOptions, logger: Logger): Promise<Engine> {
  let told = -1;
  return await loadLlamaEngine({
    ...options,
    onProgress: (fraction) => {
      // llama.cpp reports each tensor: a percent at a time is enough.
      const progress = Math.floor(fraction * 100) / 100;
      if (progress > told) void tell({ type: "loading", progress });
      told = Math.max(told, progress);
    },
    onWarning: (message) => logger.warn(message),
  });
}

/** What all workers of a supervisor share in memory. */
async function openShared(
  engine: Engine,
  { modelPath, snapshots: shared }: CompleteOptions,
  logger: Logger,
): Promise<{ readonly snapshots: SnapshotStore | undefined; readonly journals: JournalSettings } | undefined> {
  if (shared === undefined) return undefined;
  const model = await modelDigest(modelPath);
  // Workers with the same model and layout of state have the same key, and so read each other's.
  const key = hashOf({ ...engine.stateKey, model })
    .toString("hex")
    .slice(0, 12);
  const identity = hashOf({ id: engine.model.id, model, protocol: PROTOCOL_VERSION }).readUInt32LE(0) >>> 1;
  if (!engine.savesCompleteState) logger.info("no snapshots: the state of a sliding-window model can't be saved whole");
  const onTrouble = (message: string) => logger.warn(message);
  let isTold = false;
  return {
    snapshots: engine.savesCompleteState
      ? new SnapshotStore({ engine, clock: systemClock, key, ...shared, onTrouble })
      : undefined,
    journals: {
      directory: shared.directory,
      identity,
      onTrouble(message) {
        if (!isTold) logger.warn(message);
        isTold = true;
      },
    },
  };
}

function hashOf(parts: object): Buffer {
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}

/** The proof that this worker can serve: a token through the same way as any request's. */
async function firstToken(pool: SlotPool, engine: Engine): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    pool.generate(
      {
        prompt: [engine.model.bosToken ?? engine.model.eosToken ?? 0],
        maxTokens: 1,
        sampling: GREEDY,
        cachePrompt: false,
        ignoreEndOfText: true,
      },
      {
        onToken: () => "go-on",
        onEnd: ({ error }) => (error === undefined ? resolve() : reject(error)),
      },
    );
  });
}

async function listen(server: ReturnType<typeof createServer>, { port }: CompleteOptions): Promise<void> {
  const host = "127.0.0.1";
  try {
    await server.listen({ host, port });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE")) throw cause;
    throw new WorkerError("port_in_use", `port ${port} on ${host} is in use; choose another with --port`, { cause });
  }
}

/** A terminal's ^C reaches the entire group: a supervised worker leaves it to the supervisor, who drains. */
function stopOnSignals(pool: SlotPool, close: () => Promise<void>): void {
  const stop = () => void Promise.all([close(), pool.whenIdle()]).then(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.on("SIGINT", () => {
    if (!supervised) stop();
  });
}

async function fail(error: unknown): Promise<void> {
  const code = error instanceof WorkerError ? error.code : "unexpected";
  const message = messageOf(error);
  if (supervised) pino().fatal({ code }, message);
  else process.stderr.write(`drover: ${message}\n`);
  await tell({ type: "failed", code, message });
  process.exit(1);
}

/**
 * Threads of libuv's pool, which decode and sample. llama.cpp starts its other threads anew for each decode; where the
 * decode's own thread is always the same one, the scheduler knows it to be busy and puts them on another CPU. With four
 * threads taking turns both were seen on one CPU for 10 to 20 ms of a step of 40 ms. With so few CPUs samplers gain nothing
 * from running side by side: 16 rows take 3 ms on one thread and on four.
 */
function poolThreads(threads: number): number {
  return threads <= 4 ? 1 : threads + 2;
}
