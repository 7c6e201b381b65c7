import { rm } from "node:fs/promises";
import type { Engine } from "./engine.ts";
import type { NativeContext } from "./native-context.ts";

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
