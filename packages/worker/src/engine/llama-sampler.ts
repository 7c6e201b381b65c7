import { WorkerError } from "../errors.ts";
import { type GrammarSpec, PENALTY_TOKENS, type Sampling } from "../generation-contract.ts";
import type { LogitRow, TokenMask, TokenSampler } from "./engine.ts";
import type { NativeGrammarState, NativeParts, NativeSampler, NativeSamplerConfig } from "./native-context.ts";
import { newGrammarState } from "./vocabulary-grammar.ts";

/** Most tokens that the penalties look back on, where a request asks for all. */
const MOST_PENALTY_TOKENS = 8192;

/** llama.cpp draws a seed of its own instead of this one. */
const RANDOM_SEED = 0xffff_ffff;

/**
 * A sampler that serves one request after another: each native one holds 12 bytes a vocabulary entry, which the
 * garbage collector does not see.
 */
export function createLlamaSampler(native: NativeParts, endTokens: () => readonly number[]): TokenSampler {
  const sampler: NativeSampler = new native.bindings.AddonSampler(native.model);
  let sampling: Sampling | undefined;
  let history: number[] = [];
  let grammarEvaluationState: NativeGrammarState | undefined;
  let sampled = 0;
  /** Until the text may end. */
  let banned: readonly number[] = [];
  /** The native sampler knows of a token that was drawn and not taken, or of a mask that no longer holds. */
  let isStale = false;
  let isMasked = false;
  const configure = (among?: TokenMask) => {
    if (sampling === undefined) return;
    const state = grammarEvaluationState === undefined ? {} : { grammarEvaluationState };
    const biases = [...sampling.logitBias, ...banned.map((token): [number, number] => [token, -Infinity])];
    sampler.applyConfig({ ...nativeConfig(sampling, history), ...biasConfig(biases, among), ...state });
    isStale = false;
  };
  /** Where a bias has banned all that the grammar allows, llama.cpp takes any token, and then the grammar throws. */
  const sampleToken = async (row: LogitRow): Promise<number | undefined> => {
    try {
      return await native.context.sampleToken(row, sampler);
    } catch (error) {
      if (grammarEvaluationState !== undefined) return undefined;
      throw error;
    }
  };
  const sampleAllowed = async (row: LogitRow, among?: TokenMask): Promise<number | undefined> => {
    const token = await sampleToken(row);
    if (token === undefined || token < 0) return undefined;
    // With all tokens banned llama.cpp takes one of the banned ones.
    if (sampling?.logitBias.get(token) === -Infinity || among?.[token] === 0) return undefined;
    return token;
  };
  const take = (token: number): void => {
    history.push(token);
    if (history.length > 4 * MOST_PENALTY_TOKENS) history = history.slice(-MOST_PENALTY_TOKENS);
    sampled += 1;
    if (banned.length > 0 && sampled >= (sampling?.minTokens ?? 0)) {
      banned = [];
      configure();
    }
  };
  return {
    reset(next: Sampling, tokens: readonly number[]): void {
      sampling = next;
      grammarEvaluationState = undefined;
      history = tokens.slice(-MOST_PENALTY_TOKENS);
      sampled = 0;
      banned = next.minTokens === undefined ? [] : endTokens();
      // The native sampler keeps its random state while the seed stays the same, so another seed comes in between.
      sampler.applyConfig({ temperature: 0, seed: ~next.seed >>> 0 });
      configure();
    },
    constrain(grammar: GrammarSpec | undefined, taken: readonly number[] = []): void {
      if (sampling === undefined) throw new Error("constrain() before reset()");
      grammarEvaluationState = grammar === undefined ? undefined : grammarState(native, grammar);
      if (grammarEvaluationState !== undefined) {
        for (const token of taken)
          native.bindings.AddonSampler.acceptGrammarEvaluationStateToken(grammarEvaluationState, token);
      }
      configure();
    },
    async sample(row: LogitRow): Promise<number | undefined> {
      const token = await sampleAllowed(row);
      if (token !== undefined) take(token);
      return token;
    },
    async draw(row: LogitRow, among?: TokenMask): Promise<number | undefined> {
      if (isStale || among !== undefined) configure(among);
      isMasked = among !== undefined;
      // llama.cpp counts what it drew as taken. DRY, which can't be told the text anew, goes on remembering it.
      isStale = true;
      return await sampleAllowed(row, among);
    },
    take(token: number): void {
      isStale = isMasked;
      take(token);
    },
  };
}

function grammarState(native: NativeParts, grammar: GrammarSpec): NativeGrammarState {
  try {
    return newGrammarState(native.bindings, native.model, grammar.gbnf);
  } catch (cause) {
    throw new WorkerError("bad_grammar", "llama.cpp can't parse the grammar", { cause });
  }
}

/** Samplers that would change nothing are left out: a top-p of 1 without top-k would sort the entire vocabulary. */
function nativeConfig(sampling: Sampling, history: readonly number[]): NativeSamplerConfig {
  const { temperature, topK, topP, minP, xtc } = sampling;
  const drawn = temperature > 0;
  return {
    temperature,
    seed: sampling.seed >>> 0 === RANDOM_SEED ? RANDOM_SEED - 1 : sampling.seed >>> 0,
    ...(drawn && topK > 0 && { topK }),
    ...(drawn && topP < 1 && { topP }),
    ...(drawn && minP > 0 && { minP }),
    ...(xtc !== undefined && { xtcProbability: xtc.probability, xtcThreshold: xtc.threshold }),
    ...penaltyConfig(sampling, history),
  };
}

function biasConfig(
  biases: readonly (readonly [token: number, value: number])[],
  among: TokenMask | undefined,
): Partial<NativeSamplerConfig> {
  const keys = biases.map(([token]) => token);
  const values = biases.map(([, value]) => value);
  among?.forEach((isAllowed, token) => {
    if (isAllowed === 1) return;
    keys.push(token);
    values.push(-Infinity);
  });
  if (keys.length === 0) return {};
  return { tokenBiasKeys: Uint32Array.from(keys), tokenBiasValues: Float32Array.from(values) };
}

function penaltyConfig(sampling: Sampling, history: readonly number[]): Partial<NativeSamplerConfig> {
  const { repeatPenalty, presencePenalty, frequencyPenalty, dry, penaltyTokens = PENALTY_TOKENS } = sampling;
  const penalized = repeatPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
  const lookedBackOn = penaltyTokens < 0 ? MOST_PENALTY_TOKENS : Math.min(penaltyTokens, MOST_PENALTY_TOKENS);
  return {
    ...(penalized &&
      lookedBackOn > 0 && {
        repeatPenalty,
        repeatPenaltyMaxTokens: lookedBackOn,
        repeatPenaltyTokens: Uint32Array.from(history.slice(-lookedBackOn)),
        repeatPenaltyPresencePenalty: presencePenalty,
        repeatPenaltyFrequencyPenalty: frequencyPenalty,
      }),
    ...(dry !== undefined && {
      dryRepeatPenaltyStrength: dry.multiplier,
      dryRepeatPenaltyBase: dry.base,
      dryRepeatPenaltyAllowedLength: dry.allowedLength,
      dryRepeatPenaltyLastTokens: dry.lastTokens,
      dryRepeatPenaltySequenceBreakers: dry.sequenceBreakers,
    }),
  };
}
