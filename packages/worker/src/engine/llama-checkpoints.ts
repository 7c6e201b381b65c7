import type { Checkpoint, Engine } from "./engine.ts";
import type { NativeCheckpoint, NativeParts } from "./native-context.ts";

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
