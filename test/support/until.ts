/** Longer than anything takes on a slow and busy machine: what has not come by then does not come. */
export const PATIENCE_MS = 90_000;

/** As {@link PATIENCE_MS}, for a command that starts and measures one process after the other. */
export const COMMAND_LIMIT_MS = 600_000;

/** Something did not come in time. */
export class TooLate extends Error {
  constructor(what: string, limitMs: number) {
    super(`not within ${limitMs} ms: ${what}`);
  }
}

/** Settles as `work` does. @throws TooLate after `limitMs`, naming what was waited for */
export async function within<T>(work: Promise<T>, what: string, limitMs = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TooLate(what, limitMs)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves once the condition holds. @throws TooLate after `limitMs` */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = PATIENCE_MS,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new TooLate(what, limitMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
