import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Pasture } from "../support/drover-process.ts";
import { needsClients } from "../support/needs.ts";

interface Attempt {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
}

/** As many as clients/try-clients.mjs makes. */
const ATTEMPTS = 126;

describe("The newest npm clients", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("chat, stream, call tools, get objects of zod's schemas, embed and leave", needsClients(), async () => {
    const size = ["--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "2048", "--embeddings"];
    const drover = pasture.up(size, { XDG_CACHE_HOME: pasture.folder });
    const script = fileURLToPath(new URL("../../../clients/try-clients.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, await drover.url()], { stdio: ["ignore", "pipe", "ignore"] });
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
