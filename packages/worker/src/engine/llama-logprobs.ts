import { WorkerError } from "../errors.ts";
import type { Engine, LogitRow, RowLogprobs } from "./engine.ts";
import type { NativeParts } from "./native-context.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/**
 * One greedy sampler serves all: it changes no logit, so what comes back is what the model said. It serves one after the
 * other: a native sampler has one buffer of candidates, and two threads in it corrupt memory.
 */
export function createLogprobs({ bindings, context, model }: NativeParts): Engine["logprobs"] {
  const raw = new bindings.AddonSampler(model);
  raw.applyConfig({ temperature: 0, seed: 0 });
  const inTurn = oneAtATime();
  const read = async (row: LogitRow, token: number, top: number): Promise<RowLogprobs> => {
    const wanted = [[token], false, false, false, Math.max(1, top)] as const;
    const [, , , pairs, weight] = await context.sampleToken(row, raw, false, false, wanted, true);
    if (pairs === undefined || weight === undefined) throw new WorkerError("decode_failed", "no logits for the token");
    const found: { readonly token: number; readonly logit: number }[] = [];
    for (let i = 0; i < pairs.length; i += 2) found.push({ token: pairs[i] ?? 0, logit: pairs[i + 1] ?? 0 });
    // The weight is the sum of exp(logit - highest): its logarithm turns logits into log-probabilities.
    const shift = (found[0]?.logit ?? 0) + Math.log(weight);
    const chosen = found.find((entry) => entry.token === token)?.logit ?? Number.NEGATIVE_INFINITY;
    return {
      logprob: chosen - shift,
      top: found.slice(0, top).map((entry) => ({ token: entry.token, logprob: entry.logit - shift })),
    };
  };
  return (row, token, top) => inTurn(() => read(row, token, top));
}
