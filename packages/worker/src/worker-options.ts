import { z } from "zod";
import { PROTOCOL_VERSION, protocolMismatch } from "@drover/contract/ipc";
import { WorkerError } from "./errors.ts";
import { type WorkerOptions, type WorkerSettings, workerSettingSchemas } from "@drover/contract/worker-options";

/** Options with every default filled in. */
export type CompleteOptions = ReturnType<typeof parseOptions>;

const positive = z.number().int().min(1);

const schema = z.strictObject({
  ...workerSettingSchemas(z),
  modelPath: z.string().min(1),
  modelId: z.string().min(1).optional(),
  port: z.number().int().min(0).max(65535),
  threads: positive,
  leases: z.strictObject({ counts: z.array(positive).min(1) }).optional(),
  slots: positive.default(8),
  contextTokens: positive.optional(),
  stepCosts: z.enum(["cached", "measure", "off"]).default("cached"),
  snapshots: z.strictObject({ directory: z.string().min(1), limitBytes: positive }).optional(),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
});

const settingsSchema = z.strictObject(workerSettingSchemas(z));

/** The settings of a worker, with defaults for those that are not given. */
export function completeSettings(given: Partial<WorkerSettings> = {}): WorkerSettings {
  return settingsSchema.parse(given);
}

/** Reads the worker's one argument (see WorkerOptions). Errors: WorkerError `bad_options`, `protocol_mismatch`. */
export function parseOptions(argument: string | undefined) {
  const given = readJson(argument);
  const { protocol = PROTOCOL_VERSION, ...options } = (given ?? {}) as { readonly protocol?: number };
  if (protocol !== PROTOCOL_VERSION)
    throw new WorkerError("protocol_mismatch", protocolMismatch(PROTOCOL_VERSION, protocol));
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data satisfies WorkerOptionsIn;
  const [issue] = parsed.error.issues;
  throw new WorkerError("bad_options", `worker option ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`);
}

/** The schema and the protocol must name the same options. */
type WorkerOptionsIn = { readonly [Name in keyof WorkerOptions]: WorkerOptions[Name] | undefined };

function readJson(argument: string | undefined): unknown {
  try {
    return JSON.parse(argument ?? "");
  } catch (cause) {
    throw new WorkerError("bad_options", "a worker takes one argument: its options as JSON; use `drover worker`", {
      cause,
    });
  }
}
