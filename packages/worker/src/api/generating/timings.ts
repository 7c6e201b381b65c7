import type { ReportedTokens } from "@drover/contract/request-report";
import type { Clock } from "@drover/foundation/clock";
import type { OutputEnd } from "../../generation/output/output.ts";

/** What a request took, as llama.cpp's server tells it. */
export class Timings {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #beganMs: number;
  #firstMs: number | undefined;
  #promptTokens = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
  }

  /** The first token is there, behind so many of the prompt. */
  first(promptTokens = 0): void {
    this.#firstMs ??= this.#clock.monotonicMs();
    this.#promptTokens = promptTokens;
  }

  get promptMs(): number {
    return (this.#firstMs ?? this.#clock.monotonicMs()) - this.#beganMs;
  }

  get predictedMs(): number {
    return this.#clock.monotonicMs() - (this.#firstMs ?? this.#clock.monotonicMs());
  }

  get totalMs(): number {
    return this.#clock.monotonicMs() - this.#beganMs;
  }

  /** As far as the response has come. */
  soFar(counts: Readonly<Omit<ReportedTokens, "prompt">>) {
    return this.of({ tokens: { ...counts, prompt: this.#promptTokens } });
  }

  of({ tokens }: Pick<OutputEnd, "tokens">) {
    const prompt = tokens.prompt - tokens.cached;
    return {
      cache_n: tokens.cached,
      prompt_n: prompt,
      ...rates("prompt", this.promptMs, prompt),
      predicted_n: tokens.completion,
      ...rates("predicted", this.predictedMs, tokens.completion),
    };
  }
}

/** A stream's, as text of one length with blanks after it: another worker that continues the stream counts bytes, and takes other times. */
export function timingsText(timings: object): string {
  return `"timings":${JSON.stringify(timings).padEnd(400)}`;
}

/** An event, or its end, with `timings` in it. */
export function timed(event: string, timings: object): string {
  return event.replace("}\n\n", () => `,${timingsText(timings)}}\n\n`);
}

function rates(of: "prompt" | "predicted", ms: number, tokens: number) {
  return {
    [`${of}_ms`]: round(ms),
    [`${of}_per_token_ms`]: tokens === 0 ? 0 : round(ms / tokens),
    [`${of}_per_second`]: ms === 0 ? 0 : round((1000 * tokens) / ms),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
