import type { EndReason, GenerationRequest, Generator } from "../slots/generation-request.ts";
import { byteVocabulary } from "./byte-vocabulary.ts";

/** Answers each request with the next text, a byte a turn of the event loop; then ends as a model would. */
export function scriptedGenerator(...texts: readonly string[]) {
  const requests: GenerationRequest[] = [];
  const cancelled: number[] = [];
  const generator: Generator = {
    generate(request, sink) {
      const number = requests.push(request) - 1;
      const tokens = byteVocabulary.tokenize(texts[number] ?? "", true);
      let at = 0;
      let ended = false;
      const end = (reason: EndReason) => {
        if (!ended) sink.onEnd({ reason });
        ended = true;
      };
      const step = () => {
        if (ended) return;
        if (at === 0) sink.onStart?.({ slot: 0, cachedTokens: 0 });
        const token = tokens[at++];
        if (token === undefined) end("end-of-text");
        else if (sink.onToken({ token, logprob: -0.5 }) === "stop") end("stopped");
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
