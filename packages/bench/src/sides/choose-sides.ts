import { availableParallelism } from "node:os";
import { BenchError } from "../errors.ts";
import { startDrover } from "../servers/drover-server.ts";
import { findLlamaServer, llamaServerSide, readLlamaServerBuild } from "./llama-server.ts";
import type { DroverLayout, Side } from "./side.ts";
import { handMadeSide, pinnedSide } from "./nginx-sides.ts";
import { commandSide } from "./single-server.ts";

/** Which set-ups take part in a comparison. */
export interface SideOptions {
  /** The script of the `drover` command. */
  readonly bin: string;
  /** Arguments that both `drover up` and `drover worker` take: model, context. */
  readonly workerArgs: readonly string[];
  /** Arguments for `drover up` alone: workers, policy. */
  readonly upArgs: readonly string[];
  /** Commands of further sides. */
  readonly against: readonly string[];
  /** Which of the known set-ups take part; `none`: none of them. @default both of nginx, and llama-server where there is one */
  readonly only?: readonly string[] | undefined;
  /** The program of the side `llama-server`. @default the one in PATH */
  readonly llamaServer?: string | undefined;
  /** Further arguments for it: one more side each, beside that without any, which `only` can leave out. */
  readonly llamaServerArgs?: readonly string[] | undefined;
  /** The file of the model that Drover serves, once it is there. */
  readonly modelFile: () => Promise<string | undefined>;
  /** Sent to every side. */
  readonly apiKey?: string | undefined;
  readonly signal: AbortSignal;
  readonly onSide?: ((line: string) => void) | undefined;
}

const KNOWN_SIDES: readonly string[] = ["hand-made", "pinned", "llama-server", "none"];

/**
 * The program of the side `llama-server`, where that side takes part: it was asked for, or it is in PATH and not excluded.
 * @throws BenchError `bad_option` for an unknown set-up, or a program that is not there
 */
export function wantedLlamaServer({ only, llamaServer, llamaServerArgs = [] }: SideOptions): string | undefined {
  const unknown = only?.find((name) => !KNOWN_SIDES.includes(name));
  if (unknown !== undefined)
    throw new BenchError(
      "bad_option",
      `--only: there is no set-up "${unknown}"; there are hand-made, pinned, llama-server and none`,
    );
  const isAskedFor = llamaServer !== undefined || llamaServerArgs.length > 0 || only?.includes("llama-server") === true;
  if (!isAskedFor && only !== undefined) return undefined;
  const path = findLlamaServer(llamaServer, process.env["PATH"] ?? "");
  if (path === undefined && isAskedFor)
    throw new BenchError("bad_option", "there is no llama-server in PATH; give its path with --llama-server PATH");
  return path;
}

/** A program that does not start must be known before the others were measured for minutes. */
export async function tryOnce(sides: readonly Side[], options: SideOptions): Promise<void> {
  for (const side of sides) {
    options.onSide?.(`trying once: ${side.doc}`);
    const running = await side.start(options.signal);
    await running.stop();
  }
}

/** Drover, and nginx before workers that are started by hand. */
export function ownSides(options: SideOptions, { workers }: DroverLayout): readonly Side[] {
  const { bin, workerArgs, upArgs, only } = options;
  const wanted = (name: string) => only === undefined || only.includes(name);
  return [
    {
      name: "drover",
      doc: "drover up",
      start: (signal) => startDrover({ bin, args: [...workerArgs, ...upArgs], signal }),
    },
    ...(wanted("hand-made") ? [handMadeSide(options, workers)] : []),
    ...(wanted("pinned") ? [pinnedSide(options, workers)] : []),
  ];
}

export async function foreignSides(
  options: SideOptions,
  llamaServer: string | undefined,
  layout: DroverLayout,
): Promise<readonly Side[]> {
  const commands = options.against.map(commandSide);
  if (llamaServer === undefined) return commands;
  const modelFile = await options.modelFile();
  if (modelFile === undefined)
    throw new BenchError("bad_option", "llama-server needs the model's file, and this model has none here");
  const build = await readLlamaServerBuild(llamaServer);
  const setup = {
    path: llamaServer,
    modelFile,
    threads: availableParallelism(),
    slots: layout.workers.reduce((sum, { slots }) => sum + slots, 0),
    contextTokens: layout.contextTokens,
  };
  const { only, llamaServerArgs = [] } = options;
  const hasPlain = llamaServerArgs.length === 0 || only === undefined || only.includes("llama-server");
  const variants = [...(hasPlain ? [""] : []), ...llamaServerArgs];
  return [...variants.map((extra) => llamaServerSide(setup, build, extra.trim())), ...commands];
}
