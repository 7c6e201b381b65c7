import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type ApiWorker, startApiWorker } from "../support/api-worker.ts";
import { needsClients } from "../support/needs.ts";

interface Attempt {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
}

/** As many as clients/try-clients.mjs makes. */
const ATTEMPTS = 57;

describe("The newest npm clients", () => {
  let worker: ApiWorker;
  before(async () => {
    worker = await startApiWorker("demo", { slots: 2, embeddings: true });
  });
  after(() => worker.close());

  it("chat, stream, call tools, get objects of zod's schemas, embed and leave", needsClients(), async () => {
    const script = fileURLToPath(new URL("../../../clients/try-clients.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, worker.url], { stdio: ["ignore", "pipe", "ignore"] });
    const attempts: Attempt[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => attempts.push(JSON.parse(line) as Attempt));
    await once(child, "close");
    assert.deepEqual(
      attempts.filter(({ ok }) => !ok),
      [],
    );
    assert.equal(attempts.length, ATTEMPTS);
  });
});
