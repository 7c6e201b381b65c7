import { WorkerError } from "../errors.ts";
import type { GrammarSpec, Sampling } from "../generation-contract.ts";
import type { LogitRow, TokenSampler } from "./engine.ts";
import type { NativeGrammarState, NativeParts, NativeSampler, NativeSamplerConfig } from "./native-context.ts";

/** Tokens that the penalties look back on: llama.cpp's `repeat_last_n`. */
const PENALTY_TOKENS = 64;

/**
 * A sampler that serves one request after another: each native one holds 12 bytes a vocabulary entry, which the
 * garbage collector does not see.
 */
export function createLlamaSampler(native: NativeParts): TokenSampler {
  const sampler: NativeSampler = new native.bindings.AddonSampler(native.model);
  let sampling: Sampling | undefined;
  let history: number[] = [];
  let constrained = false;
  /** Where a bias has banned all that the grammar allows, llama.cpp takes any token, and then the grammar throws. */
  const sampleToken = async (row: LogitRow): Promise<number | undefined> => {
    try {
      return await native.context.sampleToken(row, sampler);
    } catch (error) {
      if (constrained) return undefined;
      throw error;
    }
  };
  return {
    reset(next: Sampling, tokens: readonly number[]): void {
      sampling = next;
      constrained = false;
      history = tokens.slice(-PENALTY_TOKENS);
      // The native sampler keeps its random state while the seed stays the same, so another seed comes in between.
      sampler.applyConfig({ temperature: 0, seed: ~next.seed >>> 0 });
      sampler.applyConfig(nativeConfig(next, history));
    },
    constrain(grammar: GrammarSpec, taken: readonly number[] = []): void {
      if (sampling === undefined) throw new Error("constrain() before reset()");
      const grammarEvaluationState = grammarState(native, grammar);
      for (const token of taken) {
        native.bindings.AddonSampler.acceptGrammarEvaluationStateToken(grammarEvaluationState, token);
      }
      sampler.applyConfig({ ...nativeConfig(sampling, history), grammarEvaluationState });
      constrained = true;
    },
    async sample(row: LogitRow): Promise<number | undefined> {
      const token = await sampleToken(row);
      if (token === undefined || token < 0) return undefined;
      history.push(token);
      if (history.length > 4 * PENALTY_TOKENS) history = history.slice(-PENALTY_TOKENS);
      return token;
    },
  };
}

function grammarState(native: NativeParts, grammar: GrammarSpec): NativeGrammarState {
  try {
    const parsed = new native.bindings.AddonGrammar(grammar.gbnf, {
      addonExports: native.bindings,
      rootRuleName: "root",
    });
    return new native.bindings.AddonGrammarEvaluationState(native.model, parsed);
  } catch (cause) {
    throw new WorkerError("bad_grammar", "llama.cpp can't parse the grammar", { cause });
  }
}

/** Samplers that would change nothing are left out: a top-p of 1 without top-k would sort the whole vocabulary. */
function nativeConfig(sampling: Sampling, history: readonly number[]): NativeSamplerConfig {
  const { temperature, topK, topP, minP, repeatPenalty, presencePenalty, frequencyPenalty, logitBias } = sampling;
  const penalized = repeatPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
  const drawn = temperature > 0;
  return {
    temperature,
    seed: sampling.seed >>> 0,
    ...(drawn && topK > 0 && { topK }),
    ...(drawn && topP < 1 && { topP }),
    ...(drawn && minP > 0 && { minP }),
    ...(penalized && {
      repeatPenalty,
      repeatPenaltyMaxTokens: PENALTY_TOKENS,
      repeatPenaltyTokens: Uint32Array.from(history.slice(-PENALTY_TOKENS)),
      repeatPenaltyPresencePenalty: presencePenalty,
      repeatPenaltyFrequencyPenalty: frequencyPenalty,
    }),
    ...(logitBias.size > 0 && {
      tokenBiasKeys: Uint32Array.from(logitBias.keys()),
      tokenBiasValues: Float32Array.from(logitBias.values()),
    }),
  };
}
