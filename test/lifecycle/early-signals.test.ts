import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { chat } from "../support/chat.ts";
import { Pasture } from "../support/drover-process.ts";

describe("a drover that still fetches its model", () => {
  const pasture = new Pasture();
  const file = join(pasture.folder, "drover.yaml");
  const model = join(pasture.folder, "tiny.gguf");
  const server = createServer();

  const write = (more: string) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.gguf`;
    writeFileSync(file, `model: ${url}\nworkers: { count: 1, threads: 1, context: 128 }\n${more}`);
  };

  before(async () => {
    await writeSyntheticModel("tiny", model, "q8_0");
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(async () => {
    await pasture.close();
    server.close();
    server.closeAllConnections();
  });

  it("goes on after SIGHUP and SIGQUIT, and reloads once it has its workers", async () => {
    write("");
    const asked = once(server, "request") as Promise<[unknown, ServerResponse]>;
    const drover = pasture.up([], { XDG_CACHE_HOME: pasture.folder, HOME: pasture.folder });
    const [, response] = await asked;
    drover.child.kill("SIGQUIT");
    await drover.entry((entry) => entry.msg?.startsWith("SIGQUIT: the model is still being prepared") === true);
    write("maxBody: 20\n");
    drover.child.kill("SIGHUP");
    await drover.entry((entry) => entry.msg?.startsWith("SIGHUP: the model is still being prepared") === true);
    const refused = await pasture.run(["reload"]);
    assert.match(refused.stderr, /still preparing the model; ask again once it serves/);
    server.on("request", (_request, later: ServerResponse) => later.end(readFileSync(model)));
    response.end(readFileSync(model));
    await drover.entry((entry) => entry.msg === "reloaded: maxBody");
    assert.equal((await chat(await drover.url(), 2)).status, 413);
    assert.equal((await drover.end()).code, 0);
  });
});
