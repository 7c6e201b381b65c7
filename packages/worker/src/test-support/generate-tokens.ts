import {
  type EndReason,
  type GeneratedToken,
  type GenerationHandle,
  type GenerationRequest,
  type Generator,
  GREEDY,
} from "../generation-contract.ts";

export interface Generated {
  readonly tokens: readonly number[];
  readonly details: readonly GeneratedToken[];
  readonly slot: number | undefined;
  readonly cachedTokens: number;
  readonly reason: EndReason;
  readonly error: Error | undefined;
}

/** Runs one request to its end; greedy and without an end by itself unless `more` says otherwise. */
export function generateTokens(
  generator: Generator,
  prompt: readonly number[],
  maxTokens: number,
  more: Partial<GenerationRequest> & {
    readonly onToken?: (token: number, handle: GenerationHandle) => "go-on" | "stop";
  } = {},
): Promise<Generated> {
  const { onToken, ...request } = more;
  return new Promise((resolve) => {
    const details: GeneratedToken[] = [];
    let slot: number | undefined;
    let cachedTokens = 0;
    const handle = generator.generate(
      { prompt, maxTokens, sampling: GREEDY, cachePrompt: true, ignoreEndOfText: true, ...request },
      {
        onStart: (start) => {
          ({ slot, cachedTokens } = start);
        },
        onToken: (token) => {
          details.push(token);
          return onToken?.(token.token, handle) ?? "go-on";
        },
        onEnd: ({ reason, error }) =>
          resolve({ tokens: details.map(({ token }) => token), details, slot, cachedTokens, reason, error }),
      },
    );
  });
}
