/**
 * When a stream that waits is sent comments, in its queue and while its prompt is read. What begins sooner than the first of them needs none: a head of
 * its own and one more write would be a tenth of the work that a short response takes.
 */
export const pingTimes = { delayMs: 100, periodMs: 1000 } as const;
