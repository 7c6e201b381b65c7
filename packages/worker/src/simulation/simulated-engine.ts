import type { BatchPart, Engine, TokenSampler, Vocabulary } from "../engine/engine.ts";
import type { RecordedMachine } from "./recorded-machines.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/**
 * An engine without a model, whose decode takes as long as a recorded machine took. It knows what llama.cpp does with a
 * batch: neighbouring sequences with ascending ids are computed together, a hole starts a new group, and a sequence with more
 * tokens than its neighbours goes on alone. It refuses what llama.cpp would compute wrongly: a token at a position that
 * does not follow what the sequence holds.
 */
export function createSimulatedEngine(
  machine: RecordedMachine,
  options: { readonly clock: VirtualClock; readonly slots: number; readonly contextTokens: number },
): Engine {
  const { clock, slots, contextTokens } = options;
  const held = Array.from({ length: slots }, () => 0);
  return {
    model: MODEL,
    vocabulary: VOCABULARY,
    embedder: undefined,
    sequences: slots,
    contextTokens,
    batchTokens: 512,
    costKey: {},
    stateKey: {},
    savesCompleteState: true,
    async decode(parts) {
      const ms = machine.overheadMs + groupsOf(parts, held).reduce((sum, group) => sum + groupMs(machine, group), 0);
      let row = 0;
      const rows = parts.map((part) => {
        if (held[part.sequence] !== part.position) {
          throw new RangeError(`sequence ${part.sequence} holds ${held[part.sequence]} tokens, not ${part.position}`);
        }
        held[part.sequence] = part.position + part.tokens.length;
        const count = part.logits === "none" ? 0 : part.logits === "last" ? 1 : part.tokens.length;
        return Array.from({ length: count }, () => row++);
      });
      await clock.wait(ms);
      return rows;
    },
    setThreads: () => {},
    createSampler: () => SAMPLER,
    logprobs: () => Promise.resolve({ logprob: 0, top: [] }),
    cut(sequence, from) {
      held[sequence] = Math.min(held[sequence] ?? 0, from);
      return true;
    },
    async copy(source, target) {
      held[target] = held[source] ?? 0;
    },
    checkpoint: () => Promise.resolve(undefined),
    restore: () => Promise.resolve(false),
    saveState: () => Promise.resolve(false),
    loadState: () => Promise.resolve(undefined),
    async exchange(a, b) {
      [held[a], held[b]] = [held[b] ?? 0, held[a] ?? 0];
      await clock.wait(machine.moveMs);
      return true;
    },
    dispose: () => Promise.resolve(),
  };
}

/** Sequences that llama.cpp computes together. */
interface ComputedGroup {
  readonly sequences: number;
  /** Of each sequence. */
  readonly tokens: number;
  /** Tokens that its sequences hold already, in all. */
  readonly heldTokens: number;
}

/** Source: split_equal in llama.cpp's llama-batch.cpp, for contexts with a KV stream for each sequence. */
function groupsOf(parts: readonly BatchPart[], held: readonly number[]): readonly ComputedGroup[] {
  const groups: ComputedGroup[] = [];
  let run: BatchPart[] = [];
  const close = () => {
    let done = 0;
    for (let left = run; left.length > 0; left = left.filter(({ tokens }) => tokens.length > done)) {
      const tokens = Math.min(...left.map((part) => part.tokens.length)) - done;
      const heldTokens = left.reduce((sum, { sequence }) => sum + (held[sequence] ?? 0) + done, 0);
      groups.push({ sequences: left.length, tokens, heldTokens });
      done += tokens;
    }
    run = [];
  };
  for (const part of parts) {
    const last = run.at(-1);
    if (last !== undefined && part.sequence !== last.sequence + 1) close();
    run.push(part);
  }
  close();
  return groups;
}

/** The recorded cost of so many tokens, and of the attention over what their sequences hold. */
function groupMs(machine: RecordedMachine, { sequences, tokens, heldTokens }: ComputedGroup): number {
  const attended = tokens * heldTokens + (sequences * tokens * tokens) / 2;
  return machine.costs.groupMs(sequences * tokens) + (attended / 1e6) * machine.attentionMs;
}

const SAMPLER: TokenSampler = {
  reset: () => {},
  constrain: () => {},
  sample: () => Promise.resolve(1),
  draw: () => Promise.resolve(1),
  take: () => {},
};

const VOCABULARY: Vocabulary = {
  tokenize: () => [],
  tokenBytes: () => new Uint8Array(0),
  isEndOfText: () => false,
  splitsWords: false,
  phrases: [],
  longestTokenBytes: 1,
};

const MODEL = {
  id: "simulated",
  fileName: "simulated.gguf",
  architecture: "none",
  fileType: "Q4_0",
  parameters: 0,
  sizeBytes: 0,
  vocabularyType: 0,
  trainedContextTokens: 131072,
  vocabularySize: 0,
  embeddingLength: 1,
  bosToken: undefined,
  eosToken: undefined,
  addsBosToken: false,
  chatTemplate: undefined,
  hasInfill: false,
  canCutState: true,
} as const;
