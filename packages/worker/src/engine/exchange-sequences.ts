import { constants } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NativeContext } from "./native-context.ts";

/**
 * Exchanges what two sequences hold, through files in memory: llama.cpp writes only the cells in use, which is
 * milliseconds for a thousand tokens, and needs no third sequence.
 */
export async function exchangeSequences(
  context: NativeContext,
  a: number,
  b: number,
  contextTokens: number,
): Promise<void> {
  const directory = await mkdtemp(join(await sharedMemory(), "drover-"));
  try {
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
    for (const sequence of [a, b]) context.removeTokenCellsFromSequence(sequence, 0, -1);
    for (const { to, path } of states) await context.loadSequenceStateFromFile(path, to, contextTokens);
  } finally {
    await rm(directory, { recursive: true, force: true });
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
