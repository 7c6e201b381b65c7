import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { until } from "../support/until.ts";

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

/** Sends one file, does not say how long it is, and never ends its response. */
async function endlessServer(body: Buffer): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), body])));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe("reload --model http://… of a running service", () => {
  const pasture = new Pasture();
  const servers: Server[] = [];
  let drover: Drover;
  let url: string;
  let body: Buffer;
  let second: string;
  before(async () => {
    const model = join(pasture.folder, "first.gguf");
    await writeSyntheticModel("tiny", model, "q8_0");
    body = readFileSync(model);
    const shape = ["--model", model, "--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "256"];
    drover = pasture.up(shape, { XDG_CACHE_HOME: pasture.folder });
    url = await drover.url();
    await drover.workers((rows) => rows.length === 2 && rows.every(({ state }) => state === "ready"));
  });
  after(async () => {
    for (const server of servers) server.close();
    await pasture.close();
  });

  const modelOf = (server: Server, name = "second") => {
    servers.push(server);
    const { port } = server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${name}.gguf`;
  };
  const reloadFrom = async (server: Server) => {
    second = modelOf(server);
    const state = { over: false };
    const client = async () => {
      do assert.equal((await chat(url, 8)).status, 200);
      while (!state.over);
    };
    const clients = Promise.all([client(), client()]);
    const result = await pasture.run(["reload", "--model", second]);
    state.over = true;
    await clients;
    return result;
  };
  const modelId = async () => {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly { id: string }[] };
    return data[0]?.id;
  };

  it("says what is wrong with what another server sends, and continues the model that it has", async () => {
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

  it("heeds a change of keys and a newer reload while a server's response has no end", async () => {
    const server = await endlessServer(body);
    const endless = modelOf(server, "endless");
    const connected = once(server, "connection");
    const called = pasture.run(["reload", "--model", endless]);
    await connected;
    writeFileSync(join(pasture.folder, "drover.yaml"), "apiKeys: [s3cret]\n");
    drover.child.kill("SIGHUP");
    await until(async () => (await chat(url, 2)).status === 401, "a key is asked for");
    const newer = await pasture.run(["reload", "--model", second]);
    assert.equal(newer.code, 0, newer.stderr);
    const { code, stderr } = await called;
    assert.equal(code, 1);
    assert.match(stderr, /is as it was: a newer reload has called the download of http\S+ off\n$/);
    assert.deepEqual(
      readdirSync(join(pasture.folder, "drover", "models")).filter((name) => !name.endsWith("second.gguf")),
      [],
    );
  });
});
