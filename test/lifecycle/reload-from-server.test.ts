import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { chat } from "../support/chat.ts";
import { Pasture } from "../support/drover-process.ts";

/** Serves one file as python's http.server does: HTTP/1.0, no ranges, no validators, and the connection ends right behind the body. */
async function plainServer(body: Buffer): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (request) => {
      const head = `HTTP/1.0 200 OK\r\nContent-type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n`;
      socket.end(String(request).startsWith("HEAD") ? head : Buffer.concat([Buffer.from(head), body]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe("reload --model http://… of a running service", () => {
  const pasture = new Pasture();
  const servers: Server[] = [];
  let url: string;
  let body: Buffer;
  before(async () => {
    const model = join(pasture.folder, "first.gguf");
    await writeSyntheticModel("tiny", model, "q8_0");
    body = readFileSync(model);
    const shape = ["--model", model, "--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "256"];
    const drover = pasture.up(shape, { XDG_CACHE_HOME: pasture.folder });
    url = await drover.url();
    await drover.workers((rows) => rows.length === 2 && rows.every(({ state }) => state === "ready"));
  });
  after(async () => {
    for (const server of servers) server.close();
    await pasture.close();
  });

  const reloadFrom = async (server: Server) => {
    servers.push(server);
    const { port } = server.address() as AddressInfo;
    const state = { over: false };
    const client = async () => {
      do assert.equal((await chat(url, 8)).status, 200);
      while (!state.over);
    };
    const clients = Promise.all([client(), client()]);
    const result = await pasture.run(["reload", "--model", `http://127.0.0.1:${port}/second.gguf`]);
    state.over = true;
    await clients;
    return result;
  };
  const modelId = async () => {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly { id: string }[] };
    return data[0]?.id;
  };

  it("says what is wrong with what another server sends, and goes on with the model that it has", async () => {
    const result = await reloadFrom(await plainServer(Buffer.from("<html>no model</html>")));
    assert.equal(result.code, 1, result.stdout);
    assert.match(result.stderr, /^drover: not reloaded, everything is as it was: /);
    assert.equal(await modelId(), "first");
  });

  it("takes the model from a plain file server while requests are served", async () => {
    const result = await reloadFrom(await plainServer(body));
    assert.equal(result.code, 0, result.stderr);
    assert.match((await modelId()) ?? "", /second$/);
  });
});
