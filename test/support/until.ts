/** Longer than anything takes on a slow and busy machine: what has not come by then does not come. */
export const PATIENCE_MS = 90_000;

/** As {@link PATIENCE_MS}, for a command that starts and measures one process after the other. */
export const COMMAND_LIMIT_MS = 600_000;

/** Resolves once the condition holds. @throws Error after `limitMs` */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = PATIENCE_MS,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
