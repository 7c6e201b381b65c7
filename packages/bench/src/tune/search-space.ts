import { type Candidate, candidateName, PLAIN } from "./candidate.ts";

/**
 * The coarse sweep: every way to give all CPUs to equal workers (of 12: 1 x 12, 2 x 6, 3 x 4, 4 x 3, 6 x 2, 12 x 1), from
 * 8 CPUs up also those that leave one CPU to the balancer, and a single thread; each with as many slots as the users need.
 */
export function coarseCandidates(cpus: number, users: number): readonly Candidate[] {
  const counts = cpus >= 8 ? [cpus, cpus - 1] : [cpus];
  const layouts = counts.flatMap((count) =>
    range(1, count)
      .filter((workers) => count % workers === 0)
      .map((workers) => ({ workers, threads: count / workers })),
  );
  const single = cpus > 1 ? [{ workers: 1, threads: 1 }] : [];
  return unique(
    [...layouts, ...single].map(({ workers, threads }) => ({
      workers,
      threads,
      slots: Math.max(1, Math.ceil(users / workers)),
      ...PLAIN,
    })),
  );
}

/** The refinement: everything that differs from `best` in one respect. */
export function neighbours(best: Candidate): readonly Candidate[] {
  const slots = [best.slots * 2, Math.ceil(best.slots / 2)].filter((count) => count >= 1 && count !== best.slots);
  return unique([
    ...slots.map((count) => ({ ...best, slots: count })),
    ...[256, 512, 1024].filter((batch) => batch !== best.batch).map((batch) => ({ ...best, batch })),
    ...(["on", "off"] as const)
      .filter((flashAttention) => flashAttention !== best.flashAttention)
      .map((flashAttention) => ({ ...best, flashAttention })),
    // A quantized V cache needs flash attention.
    { ...best, kvType: "q8_0" as const, flashAttention: "on" as const },
  ]).filter((candidate) => candidateName(candidate) !== candidateName(best));
}

function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...new Map(candidates.map((candidate) => [candidateName(candidate), candidate])).values()];
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
