import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readModelInfo, writeSyntheticModel } from "@drover/models";
import { Pasture } from "../support/drover-process.ts";
import { until } from "../support/until.ts";

describe("drover model and drover plan", () => {
  const pasture = new Pasture();
  const model = join(pasture.folder, "tiny.gguf");
  const environment = { XDG_CACHE_HOME: join(pasture.folder, "cache") };

  before(async () => {
    await writeSyntheticModel("tiny", model, "f16");
  });
  after(() => pasture.close());

  it("continues a download whose process was killed, under the dead one's lock", async () => {
    const content = readFileSync(model);
    const requests: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      requests.push(request);
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
      response.writeHead(from > 0 ? 206 : 200, { etag: '"one"', "content-length": content.length - from, ...range });
      // the first response stalls half-way
      response.write(content.subarray(from, from === 0 ? 200_000 : content.length));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as { port: number };
      const words = ["model", "pull", `http://127.0.0.1:${port}/tiny.gguf`];
      const folder = join(environment.XDG_CACHE_HOME, "drover", "models");
      const part = () => (existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".part")) : undefined);
      const first = pasture.run(words, environment);
      const arrivedBytes = () => statSync(join(folder, part() ?? "none"), { throwIfNoEntry: false })?.size ?? 0;
      await until(() => arrivedBytes() >= 200_000, "what the server has sent is in the file");
      const path = join(folder, part() ?? "none").replace(/\.part$/, "");
      pasture.signal("SIGKILL");
      await first;
      assert.ok(existsSync(`${path}.lock`) && !existsSync(path));
      const second = await pasture.run(words, environment);
      assert.deepEqual([second.code, second.stdout], [0, `${path}\n`], second.stderr);
      assert.ok(readFileSync(path).equals(content));
      assert.equal(requests[1]?.headers.range, "bytes=200000-");
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("says why a download does not begin, and that it tries again", async () => {
    const content = readFileSync(model);
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(503, { "retry-after": "0" }).end();
      else response.end(content);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as { port: number };
      const pulled = await pasture.run(["model", "pull", `http://127.0.0.1:${port}/late.gguf`], environment);
      assert.equal(pulled.code, 0);
      assert.match(pulled.stderr, /late\.gguf: .*503.*\. Trying again in 1 s \(failure 1 of 6\)\.\n/u);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("shows what a model file holds and what a worker needs", async () => {
    const { code, stdout } = await pasture.run(["model", "info", model]);
    assert.equal(code, 0);
    for (const fact of [/qwen2/, /F16/, /8192 tokens/, /memory per worker/, /chat template/])
      assert.match(stdout, fact);
    const json = JSON.parse((await pasture.run(["model", "info", model, "--json"])).stdout) as { parameters: number };
    assert.equal(json.parameters, 139_840);
  });

  it("writes a synthetic model, and with --pure has its output matrix in the chosen encoding too", async () => {
    const outputTypes: (string | undefined)[] = [];
    for (const flags of [["--pure"], []]) {
      const path = join(pasture.folder, `synthetic${flags.length}.gguf`);
      const { code, stdout, stderr } = await pasture.run(["model", "synth", "tiny", path, "--quant", "q4_0", ...flags]);
      assert.deepEqual([code, stdout], [0, `${path}\n`], stderr);
      const { tensors } = await readModelInfo(path);
      outputTypes.push(tensors.find(({ name }) => name === "output.weight")?.typeName);
    }
    // Q6_K's blocks do not fit into rows of 64
    assert.deepEqual(outputTypes, ["Q4_0", "Q8_0"]);
  });

  it("does not overwrite a file that is there, unless it is told to", async () => {
    const words = ["model", "synth", "tiny", model];
    const before = readFileSync(model);
    const { code, stderr } = await pasture.run(words);
    assert.equal(code, 2);
    assert.match(stderr, /exists already; choose another name, or overwrite it with --force/);
    assert.deepEqual(readFileSync(model), before);
    assert.equal((await pasture.run(["model", "synth", "tiny", join(pasture.folder, "copy.gguf")])).code, 0);
    assert.equal((await pasture.run(["model", "synth", "tiny", join(pasture.folder, "copy.gguf"), "--force"])).code, 0);
  });

  it("makes the demo model when it is asked for it, and prints where it is", async () => {
    const { code, stdout } = await pasture.run(["model", "pull", "demo"], environment);
    assert.equal(code, 0);
    assert.match(stdout, /drover-demo-[0-9a-f]{12}\.gguf\n$/);
    assert.ok(existsSync(stdout.trim()));
  });

  it("plans on the CPUs that it may use, and starts nothing", async () => {
    const { code, stdout } = await pasture.run([
      "plan",
      "--model",
      model,
      "--workers",
      "1",
      "--threads",
      "1",
      "--json",
    ]);
    assert.equal(code, 0);
    const { layout, refused } = JSON.parse(stdout) as {
      layout: { placements: { cpus: number[] }[] };
      refused: unknown;
    };
    assert.equal(layout.placements[0]?.cpus.length, 1);
    assert.equal(refused, null);
    assert.deepEqual(pasture.left(), []);
  });

  it("refuses more workers than memory holds, in the plan and before anything starts", async () => {
    const words = ["--model", model, "--workers", "1000", "--threads", "1", "--slots", "512", "--ctx", "8192"];
    const planned = await pasture.run(["plan", ...words]);
    assert.equal(planned.code, 2);
    assert.match(planned.stdout, /1000 workers do not fit into memory: .* \+ 1000 x .* are free\. Use --workers \d+/);
    const started = await pasture.up(words).ended;
    assert.equal(started.code, 2);
    assert.match(started.stderr, /^drover: 1000 workers do not fit into memory/m);
    assert.deepEqual(pasture.left(), []);
  });
});
