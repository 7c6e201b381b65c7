/**
 * Random schemas, grammars and texts of one class of characters, from one client, while others chat. usage: pnpm test:chaos runs it behind the storm; alone
 * node test/dist/chaos/hostile-inputs.js [--seconds 60] [--seed N]
 */
import { parseArgs } from "node:util";
import { Pasture } from "../support/drover-process.ts";
import { randomGrammar, randomSchema, randomText } from "./hostile-generators.ts";
import { createRandom } from "./random.ts";

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
  },
});

const HONEST_CLIENTS = 4;
const random = createRandom(Number(values.seed));
const pasture = new Pasture();
const harm: string[] = [];
const statuses: Record<string, number> = {};
let honest = 0;

try {
  const drover = pasture.up(["--model", "demo", "--workers", "2", "--threads", "1", "--slots", "4"]);
  const url = await drover.url();
  const before = await drover.workers((rows) => rows.length === 2 && rows.every(({ state }) => state === "ready"));
  const deadline = performance.now() + Number(values.seconds) * 1000;
  const isOver = () => performance.now() >= deadline;
  await Promise.all([
    hostile(url, isOver),
    ...Array.from({ length: HONEST_CLIENTS }, (_, client) => chat(url, client, isOver)),
  ]);
  const after = await pasture.status();
  for (const { id, pid, restarts } of after) {
    if (before.every((row) => row.pid !== pid)) harm.push(`worker ${id} was replaced (${restarts} restarts)`);
  }
  await drover.end();
} finally {
  await pasture.close();
}
say(`hostile requests by status: ${JSON.stringify(statuses)}; honest ones: ${honest}`);
for (const line of harm) say(line);
if (harm.length > 0) {
  say(`FAILED. To replay: node test/dist/chaos/hostile-inputs.js --seconds ${values.seconds} --seed ${values.seed}`);
  process.exitCode = 1;
} else say("no harm done by inputs");

async function hostile(url: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const { content = "x", ...more } = hostileParts();
    const status = await send(url, { content, ...more });
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status >= 500) harm.push(`${status} for ${JSON.stringify({ content, ...more }).slice(0, 500)}`);
  }
}

function hostileParts(): { readonly content?: string; readonly response_format?: object; readonly grammar?: string } {
  const kind = random.pick(["text", "schema", "grammar"] as const);
  if (kind === "text") return { content: randomText(random) };
  if (kind === "grammar") return { grammar: randomGrammar(random) };
  return { response_format: { type: "json_schema", json_schema: { name: "a", schema: randomSchema(random) } } };
}

async function chat(url: string, client: number, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn += 1) {
    const status = await send(url, { content: `Client ${client}, turn ${turn}: hello?` });
    honest += 1;
    if (status !== 200) harm.push(`an honest request was answered ${status}`);
  }
}

async function send(
  url: string,
  { content, ...more }: { readonly content: string } & ReturnType<typeof hostileParts>,
): Promise<number> {
  const body = JSON.stringify({ messages: [{ role: "user", content }], max_tokens: 8, ...more });
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body });
  await response.text();
  return response.status;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
