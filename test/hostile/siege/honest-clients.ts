/** A process of its own, so that what attackers cost their own process delays nobody. Arguments: URL, key, number of clients. Tells its parent of each request. */
import type { HonestAnswer } from "./honest.ts";

const [url = "", key = "", count = "1"] = process.argv.slice(2);

async function client(name: number): Promise<void> {
  for (let turn = 0; process.connected; turn += 1) {
    const start = performance.now();
    const status = await ask(`Client ${name}, turn ${turn}: hello?`).catch(String);
    tell({ status, tookMs: performance.now() - start });
  }
}

/** Nobody, once the parent has heard enough. */
function tell(answer: HonestAnswer): void {
  process.send?.(answer, undefined, undefined, () => {});
}

async function ask(content: string): Promise<number | string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ messages: [{ role: "user", content }], max_tokens: 8 }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  return response.status === 200 && !text.includes('"choices"') ? `200 without a response: ${text}` : response.status;
}

process.on("disconnect", () => process.exit(0));
await Promise.all(Array.from({ length: Number(count) }, (_, name) => client(name)));
