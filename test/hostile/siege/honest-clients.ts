/** A process of its own, so that what attackers cost their own process delays nobody. Arguments: key, number of clients, URLs. Tells its parent of each request. */
import type { HonestResponse } from "./honest.ts";

const [key = "", count = "1", ...urls] = process.argv.slice(2);

async function client(name: number): Promise<void> {
  const url = urls[name % urls.length] ?? "";
  for (let turn = 0; process.connected; turn += 1) {
    const content = `Client ${name}, turn ${turn}: hello?`;
    for (const ask of [() => chat(url, content), () => countTokens(url, content)]) {
      const start = performance.now();
      const status = await ask().catch(String);
      tell({ status, tookMs: performance.now() - start, url });
    }
  }
}

/** Nobody, once the parent has heard enough. */
function tell(response: HonestResponse): void {
  process.send?.(response, undefined, undefined, () => {});
}

function chat(url: string, content: string): Promise<number | string> {
  return ask(`${url}/v1/chat/completions`, { messages: [{ role: "user", content }], max_tokens: 8 }, '"choices"');
}

/** Needs no slot. */
function countTokens(url: string, content: string): Promise<number | string> {
  return ask(`${url}/tokenize`, { content }, '"tokens"');
}

async function ask(url: string, body: object, expected: string): Promise<number | string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  return response.status === 200 && !text.includes(expected) ? `200 without a response: ${text}` : response.status;
}

process.on("disconnect", () => process.exit(0));
await Promise.all(Array.from({ length: Number(count) }, (_, name) => client(name)));
