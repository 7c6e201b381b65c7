import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { NginxFolder } from "../nginx/nginx-process.ts";
import { RawClient } from "../support/raw-client.ts";

const mebibyte = 1024 * 1024;

describe("drover-nginx and bodies of any size", () => {
  const folder = new NginxFolder();
  const upstream = http.createServer((request, response) => {
    let size = 0;
    request.on("data", (bytes: Buffer) => (size += bytes.length));
    request.on("end", () => response.end(`${request.headers["content-length"]} ${size}`));
  });
  let port: number;

  before(async () => {
    port = await freePort();
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const { port: upstreamPort } = upstream.address() as AddressInfo;
    folder.configure(`client_max_body_size 0; client_body_temp_path ${folder.path("bodies")};
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstreamPort}; }
        location /nowhere { client_body_temp_path ${folder.path("not/there")}; proxy_pass http://127.0.0.1:${upstreamPort}; } }`);
    folder.start();
    await until(() => folder.pid !== undefined, "it runs");
  });
  after(async () => {
    await folder.close();
    upstream.close();
  });

  it("holds a chunked one in a file without a name, that is gone with the request, and not in memory", async () => {
    const pid = folder.pid ?? 0;
    const peakBefore = peakBytes(pid);
    const [response, modes] = await post("/", 192);
    assert.equal(response, `200 ${192 * mebibyte} ${192 * mebibyte}`);
    assert.deepEqual(modes, new Set([0o600]), "no file was seen, or others can read it");
    assert.deepEqual(readdirSync(folder.path("bodies")), []);
    const grownMebibytes = (peakBytes(pid) - peakBefore) / mebibyte;
    assert.ok(grownMebibytes < 96, `memory grew by ${grownMebibytes} MiB`);
    await until(() => unnamed(pid).length === 0, "the file is closed");
  });

  it("lets go of the file where the client leaves in the middle", async () => {
    const pid = folder.pid ?? 0;
    const client = new RawClient(port);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n");
    client.write("x".repeat(4 * mebibyte));
    await until(() => unnamed(pid).length === 1, "there is a file");
    client.destroy();
    await until(() => unnamed(pid).length === 0, "the file is closed");
  });

  it("answers 500 and says why where the file cannot be made", async () => {
    const [response] = await post("/nowhere", 2);
    assert.match(response, /^500 /);
    await until(
      () => /\[crit\].*\(2: No such file or directory\)/.test(folder.text("error.log")),
      "the reason in the log",
    );
  });

  /** The response, and the modes of the files that were seen meanwhile. */
  async function post(path: string, mebibytes: number): Promise<readonly [string, Set<number>]> {
    const modes = new Set<number>();
    const request = http.request({ port, host: "127.0.0.1", path, method: "POST", agent: false });
    const answered = once(request, "response") as Promise<[http.IncomingMessage]>;
    request.on("error", () => {});
    const part = Buffer.alloc(mebibyte, "x");
    for (let count = 0; count < mebibytes && !request.destroyed; count += 1) {
      if (!request.write(part)) await Promise.race([once(request, "drain"), answered]);
      for (const file of unnamed(folder.pid ?? 0)) modes.add(file);
    }
    request.end();
    const [response] = await answered;
    let body = "";
    for await (const bytes of response) body += String(bytes);
    return [`${response.statusCode} ${body}`, modes];
  }
});

function peakBytes(pid: number): number {
  const [, kibibytes = "0"] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}

/** Modes of the open files that have no name any more. */
function unnamed(pid: number): number[] {
  const modes: number[] = [];
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${descriptor}`;
    try {
      if (/drover-body.*\(deleted\)$/.test(readlinkSync(path))) modes.push(statSync(path).mode & 0o777);
    } catch {
      // It was closed in between.
    }
  }
  return modes;
}
