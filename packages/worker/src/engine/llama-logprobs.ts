import { WorkerError } from "../errors.ts";
import type { LogitRow, RowLogprobs } from "./engine.ts";
import type { NativeParts } from "./native-context.ts";

/**
 * One greedy sampler serves all: it changes no logit, so what comes back is what the model said. It serves one after the
 * other: a native sampler has one buffer of candidates, and two threads in it corrupt memory.
 */
export function createLogprobs(
  native: NativeParts,
): (row: LogitRow, token: number, top: number) => Promise<RowLogprobs> {
  const read = createLogprobsReader(native);
  let last: Promise<unknown> = Promise.resolve();
  return (row, token, top) => {
    const next = last.then(() => read(row, token, top));
    last = next.catch(() => {});
    return next;
  };
}

function createLogprobsReader(
  native: NativeParts,
): (row: LogitRow, token: number, top: number) => Promise<RowLogprobs> {
  const raw = new native.bindings.AddonSampler(native.model);
  raw.applyConfig({ temperature: 0, seed: 0 });
  return async (row, token, top) => {
    const wanted = [[token], false, false, false, Math.max(1, top)] as const;
    const [, , , pairs, weight] = await native.context.sampleToken(row, raw, false, false, wanted, true);
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
}
