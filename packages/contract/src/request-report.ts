/** What a worker tells of a request when its generation is over. Nothing of its text. */

/** Where a slot had the beginning of a prompt from. */
export type PromptSource = "slot" | "copy" | "snapshot" | "nothing";

export interface ReportedTokens {
  /** Of the prompt or prompts. */
  readonly prompt: number;
  /** Of the prompt: needed no evaluation. */
  readonly cached: number;
  readonly completion: number;
  /** Of the completion. */
  readonly reasoning: number;
}

/** How one generation went; a request with several choices has several. */
export interface ReportedGeneration {
  readonly slot: number;
  readonly source: PromptSource;
  readonly cachedTokens: number;
  /** Tokens of the pieces in which the rest of the prompt was read; the first ones, of many. */
  readonly pieces: readonly number[];
  /** How many steps it took part in, by the number of sequences in the step. */
  readonly steps: Readonly<Record<string, number>>;
  /** Milliseconds from each event to the sending of the report; absent: it never came. */
  readonly ago: {
    /** It asked for a slot. */
    readonly asked: number;
    /** It was given one. */
    readonly began: number;
    readonly firstToken?: number;
    readonly lastToken?: number;
  };
}

export interface RequestReport {
  /** From CALL_HEADER. */
  readonly call: string;
  readonly model: string;
  readonly tokens: ReportedTokens;
  /** What the request asked for. @default not known, as of embeddings */
  readonly asked?: { readonly choices: number; readonly maxTokens: number };
  readonly finish: "stop" | "length" | "tool_calls" | "cancelled" | "failed";
  /** In their order: a response can take several, such as one for thinking and one under a grammar. */
  readonly generations: readonly ReportedGeneration[];
}
