import { constants } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WorkerError } from "../errors.ts";
import type { Checkpoint, Engine } from "./engine.ts";
import type { NativeCheckpoint, NativeContext, NativeParts } from "./native-context.ts";

/** Sequences in files: llama.cpp writes only the cells in use, and the tokens before them (see snapshot-file.ts). */
export function sequenceFiles(context: NativeContext, contextTokens: number): Pick<Engine, "saveState" | "loadState"> {
  return {
    async saveState(sequence, tokens, path) {
      try {
        await context.saveSequenceStateToFile(path, sequence, Uint32Array.from(tokens));
        return true;
      } catch {
        await rm(path, { force: true });
        return false;
      }
    },
    async loadState(sequence, path) {
      try {
        const tokens = await context.loadSequenceStateFromFile(path, sequence, contextTokens);
        if (context.getSequenceKvCacheMaxPosition(sequence) === tokens.length - 1) return [...tokens];
      } catch {
        // Gone, cut short or of another model: the prompt is evaluated instead.
      }
      context.removeTokenCellsFromSequence(sequence, 0, -1);
      return undefined;
    },
  };
}

/**
 * Exchanges what two sequences hold, through files in memory: llama.cpp writes only the cells in use, which is
 * milliseconds for a thousand tokens, and needs no third sequence.
 *
 * @returns false: no room for the files, and both sequences are as before. Errors: WorkerError `decode_failed` where a
 * state that was written can't be read back.
 */
export async function exchangeSequences(
  context: NativeContext,
  a: number,
  b: number,
  contextTokens: number,
): Promise<boolean> {
  let directory: string | undefined;
  try {
    directory = await mkdtemp(join(await sharedMemory(), "drover-"));
    const states: { readonly from: number; readonly to: number; readonly path: string }[] = [];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      if (context.getSequenceKvCacheMaxPosition(from) < 0) continue;
      const path = join(directory, String(from));
      await context.saveSequenceStateToFile(path, from, new Uint32Array());
      states.push({ from, to, path });
    }
    await loadAll(context, states, contextTokens);
    return true;
  } catch (error) {
    if (error instanceof WorkerError) throw error;
    return false;
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function loadAll(
  context: NativeContext,
  states: readonly { readonly from: number; readonly to: number; readonly path: string }[],
  contextTokens: number,
): Promise<void> {
  try {
    for (const { from } of states) context.removeTokenCellsFromSequence(from, 0, -1);
    for (const { to, path } of states) await context.loadSequenceStateFromFile(path, to, contextTokens);
  } catch (cause) {
    throw new WorkerError("decode_failed", "llama.cpp can't read back a sequence that was moved", { cause });
  }
}

async function sharedMemory(): Promise<string> {
  try {
    await access("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return tmpdir();
  }
}

/** Checkpoints in memory: llama.cpp copies the part of the state that can't be cut; the rest is cut as usual. */
export function llamaCheckpoints({ context, bindings }: NativeParts): Pick<Engine, "checkpoint" | "restore"> {
  const natives = new WeakMap<Checkpoint, NativeCheckpoint>();
  return {
    async checkpoint(sequence) {
      const native = new bindings.AddonContextSequenceCheckpoint();
      try {
        await native.init(context, sequence);
      } catch {
        return undefined; // A checkpoint only saves time.
      }
      const tokens = context.getSequenceKvCacheMaxPosition(sequence) + 1;
      const checkpoint = { tokens, dispose: () => native.dispose() };
      natives.set(checkpoint, native);
      return checkpoint;
    },
    async restore(sequence, checkpoint) {
      const native = natives.get(checkpoint);
      return native !== undefined && (await context.restoreCheckpoint(native, checkpoint.tokens - 1, sequence));
    },
  };
}
