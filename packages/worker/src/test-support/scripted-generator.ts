import type { EndReason, GenerationRequest, Generator } from "../generation-contract.ts";
import { byteVocabulary } from "./byte-vocabulary.ts";

/** What the engine does for one request: the text it generates, and then how it ends. */
export interface Script {
  readonly text: string;
  /** @default "end-of-text" */
  readonly end?: "end-of-text" | "failed" | "hang";
  /** Of one that failed. */
  readonly error?: Error;
}

export const CONTEXT_TOKENS = 4096;

/** Plays one script a request, a byte a turn of the event loop: for endings that a real engine does not do on demand. */
export function scriptedGenerator(...scripts: readonly Script[]) {
  const requests: GenerationRequest[] = [];
  const cancelled: number[] = [];
  const generator: Generator = {
    contextTokens: CONTEXT_TOKENS,
    generate(request, sink) {
      const number = requests.push(request) - 1;
      const script = scripts[number] ?? { text: "" };
      const tokens = byteVocabulary.tokenize(script.text, "control");
      let at = 0;
      let ended = false;
      const end = (reason: EndReason) => {
        if (!ended)
          sink.onEnd({ reason, ...(reason === "failed" && { error: script.error ?? new Error("scripted") }) });
        ended = true;
      };
      const step = () => {
        if (ended) return;
        if (at === 0) sink.onStart?.({ slot: 0, cachedTokens: number });
        const token = tokens[at++];
        if (token === undefined) {
          if (script.end !== "hang") end(script.end ?? "end-of-text");
        } else if (sink.onToken({ token, logprob: -0.5 }) === "stop") end("stopped");
        else if (at === request.maxTokens) end("length");
        else setImmediate(step);
      };
      setImmediate(step);
      return {
        cancel: () => {
          cancelled.push(number);
          setImmediate(() => end("cancelled"));
        },
      };
    },
  };
  return { generator, requests, cancelled };
}
