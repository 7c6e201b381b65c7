import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import tls from "node:tls";
import { afterEach, beforeEach, describe, it } from "node:test";
import { testCertificates } from "@drover/balancer/test-support/certificates";
import { freePort } from "../support/ports.ts";
import { effectiveUserOf } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { NginxFolder } from "./nginx-process.ts";

/** The name in the certificate that is shown for a name, and the body of `/`. */
async function ask(port: number, servername?: string): Promise<{ readonly subject: string; readonly body: string }> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  });
  await once(socket, "secureConnect");
  const subject = String(socket.getPeerCertificate().subject.CN);
  socket.write(`GET / HTTP/1.1\r\nHost: ${servername ?? "none"}\r\nConnection: close\r\n\r\n`);
  let text = "";
  for await (const part of socket) text += String(part);
  return { subject, body: text.split("\r\n\r\n")[1] ?? "" };
}

describe("drover-nginx with TLS", () => {
  let folder: NginxFolder;
  let port: number;
  const serving = (name: string, certificate: string): string =>
    `server { listen 127.0.0.1:${port} ssl; server_name ${name}; ssl_certificate ${certificate}.crt; ssl_certificate_key ${certificate}.key;
       location / { return 200 "$scheme $ssl_protocol $server_name"; } }`;
  const give = (name: string, from: "a" | "b"): void => {
    writeFileSync(folder.path(`${name}.crt`), testCertificates[from].certificate);
    writeFileSync(folder.path(`${name}.key`), testCertificates[from].key);
    chmodSync(folder.path(`${name}.key`), 0o600);
  };

  beforeEach(async () => {
    folder = new NginxFolder();
    port = await freePort();
    give("one", "a");
    give("two", "b");
  });
  afterEach(() => folder.close());

  it("shows the certificate of the server that is asked for, and the default one's to others", async () => {
    folder.configure(serving("a.test", "one") + serving("b.test", "two"));
    folder.start();
    await until(
      () =>
        ask(port).then(
          () => true,
          () => false,
        ),
      "it listens",
    );
    assert.deepEqual(await ask(port, "a.test"), { subject: "a.test", body: "https TLSv1.3 a.test" });
    assert.deepEqual(await ask(port, "b.test"), { subject: "b.test", body: "https TLSv1.3 b.test" });
    assert.deepEqual(await ask(port, "c.test"), { subject: "a.test", body: "https TLSv1.3 a.test" });
    assert.deepEqual(await ask(port), { subject: "a.test", body: "https TLSv1.3 a.test" });
  });

  it("reads a new certificate on reload, serving as another user or not", async () => {
    const isRoot = process.getuid?.() === 0;
    folder.configure(serving("a.test", "one"), isRoot ? "user nobody nogroup;" : "");
    const child = folder.start();
    await until(
      () =>
        ask(port).then(
          () => true,
          () => false,
        ),
      "it listens",
    );
    if (isRoot) {
      const user = effectiveUserOf(child.pid ?? 0);
      assert.ok(user !== undefined && user !== 0);
    }
    give("one", "b");
    child.kill("SIGHUP");
    await until(async () => (await ask(port)).subject === "b.test", "the new certificate");
  });

  it("names a certificate that is not there", () => {
    folder.configure(serving("a.test", "three"));
    const { code, stderr } = folder.run("-t");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\[emerg\] cannot load certificate ".*\/three\.crt": open\(\) failed \(2: No such file or directory\) in .*nginx\.conf:4\n/,
    );
  });

  it("changes between plain and TLS on one address at a reload", async () => {
    folder.configure(`server { listen 127.0.0.1:${port}; return 200 plain; }`);
    const child = folder.start();
    await until(
      () =>
        fetch(`http://127.0.0.1:${port}/`).then(
          () => true,
          () => false,
        ),
      "it listens",
    );
    folder.configure(serving("a.test", "one"));
    child.kill("SIGHUP");
    await until(
      () =>
        ask(port).then(
          () => true,
          () => false,
        ),
      "TLS",
    );
  });
});
