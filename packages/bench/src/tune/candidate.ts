/** One configuration of `drover up` that tune tries. */
export interface Candidate {
  readonly workers: number;
  readonly threads: number;
  readonly slots: number;
  /** Most tokens in one decode. */
  readonly batch: number;
  readonly flashAttention: "auto" | "on" | "off";
  readonly kvType: "f16" | "q8_0";
}

/** What is not about the layout; the settings table's defaults. */
export const PLAIN = { batch: 512, flashAttention: "auto", kvType: "f16" } as const;

/** Short and unique. */
export function candidateName(candidate: Candidate): string {
  const { workers, threads, slots } = candidate;
  return [`${workers} x ${threads} threads x ${slots} slots`, ...extrasOf(candidate)].join(", ");
}

/** Settings that differ from the defaults, other than the layout. */
export function extrasOf({ batch, flashAttention, kvType }: Candidate): readonly string[] {
  return [
    ...(batch === PLAIN.batch ? [] : [`batch ${batch}`]),
    ...(flashAttention === PLAIN.flashAttention ? [] : [`flash attention ${flashAttention}`]),
    ...(kvType === PLAIN.kvType ? [] : [`KV ${kvType}`]),
  ];
}

/** Arguments for `drover up`. */
export function candidateArgs(candidate: Candidate): readonly string[] {
  const { workers, threads, slots, batch, flashAttention, kvType } = candidate;
  const layout = [`--workers=${workers}`, `--threads=${threads}`, `--slots=${slots}`];
  return [...layout, `--batch=${batch}`, `--flash-attention=${flashAttention}`, `--kv-type=${kvType}`];
}
