/** Waits until `check` is true, asked again after each turn of the event loop; throws after `withinMs`. */
export async function eventually(what: string, check: () => boolean, withinMs = 60_000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!check()) {
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
