import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { describe, it } from "node:test";
import { testCertificates } from "@drover/balancer/test-support/certificates";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { NginxFolder } from "../nginx/nginx-process.ts";
import { RawClient } from "../support/raw-client.ts";
import { startBalancer } from "../support/running-balancer.ts";
import { ok, ScriptedUpstream } from "../support/servers/scripted-upstream.ts";

const hasIpv6 = existsSync("/proc/net/if_inet6") && /^0{31}1 /m.test(readFileSync("/proc/net/if_inet6", "utf8"));
const onIpv6 = { skip: hasIpv6 ? false : "this machine has no ::1" };

describe("a balancer's listeners", () => {
  it("show a renewed certificate to new clients once its files have changed, and keep the old ones connected", async () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-certificate-"));
    const files = { certificate: join(folder, "crt"), key: join(folder, "key") };
    const write = ({ certificate, key }: { readonly certificate: string; readonly key: string }): void => {
      writeFileSync(files.key, key);
      writeFileSync(files.certificate, certificate);
    };
    write(testCertificates.a);
    const upstream = new ScriptedUpstream("a", () => ok("{}"));
    const { balancer, port } = await startBalancer([await upstream.listen()], (settings) => ({
      ...settings,
      tls: files,
      // A connection that rests is to live until the certificate is seen.
      limits: { ...settings.limits, idleTimeout: 600_000 },
    }));
    const connect = async (): Promise<tls.TLSSocket> => {
      const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
      await once(socket, "secureConnect");
      return socket;
    };
    const nameNow = async (): Promise<string> => {
      const socket = await connect();
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return String(subject.CN);
    };
    try {
      const kept = await connect();
      const ask = async (): Promise<void> => {
        kept.write("GET / HTTP/1.1\r\nHost: drover\r\n\r\n");
        const [bytes] = (await once(kept, "data")) as [Buffer];
        assert.match(bytes.toString(), /^HTTP\/1\.1 200 /);
      };
      assert.equal(kept.getPeerCertificate().subject.CN, "a.test");
      await ask();
      write(testCertificates.b);
      await until(async () => (await nameNow()) === "b.test", "the new certificate");
      await ask();
      kept.destroy();
    } finally {
      await balancer.close({ drainTimeoutMs: 0 });
      await upstream.close();
      rmSync(folder, { recursive: true });
    }
  });

  it("take IPv6 addresses, beside IPv4 ones", onIpv6, async () => {
    const upstream = new ScriptedUpstream("a", ({ fields }) => ok(fields.join("\n")));
    const [port, other] = [await freePort(), await freePort()];
    const { balancer } = await startBalancer([await upstream.listen()], (settings) => ({
      ...settings,
      listen: `[::1]:${port},127.0.0.1:${other}`,
    }));
    try {
      assert.match(await (await fetch(`http://[::1]:${port}/`)).text(), /^x-forwarded-for: ::1$/im);
      assert.match(await (await fetch(`http://127.0.0.1:${other}/`)).text(), /^x-forwarded-for: 127\.0\.0\.1$/im);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
    } finally {
      await balancer.close({ drainTimeoutMs: 0 });
      await upstream.close();
    }
  });

  it("take the times of a reloaded nginx configuration", async () => {
    const folder = new NginxFolder();
    const port = await freePort();
    const answering = (text: string, time: string): string =>
      `keepalive_timeout ${time}; server { listen 127.0.0.1:${port}; return 200 ${text}; }`;
    folder.configure(answering("before", "60s"));
    const child = folder.start();
    // On connections of their own: one that is kept may be closed just when it is used again.
    const response = async (): Promise<string> => {
      const client = new RawClient(port);
      client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      const { body } = await client.read("GET");
      client.destroy();
      return body;
    };
    try {
      await until(async () => (await response()) === "before", "it listens");
      folder.configure(answering("after", "200ms"));
      child.kill("SIGHUP");
      await until(async () => (await response()) === "after", "the new configuration");
      const client = new RawClient(port);
      client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.read("GET");
      assert.equal(await client.isClosed(), true);
    } finally {
      await folder.close();
    }
  });

  it("take IPv6 addresses of an nginx configuration, and of an upstream", onIpv6, async () => {
    const folder = new NginxFolder();
    const [port, behind] = [await freePort(), await freePort()];
    folder.configure(`server { listen [::1]:${port}; location / { proxy_pass http://[::1]:${behind}/x; } }
      server { listen [::1]:${behind}; return 200 "$remote_addr $request_uri"; }`);
    folder.start();
    try {
      const responses = () => fetch(`http://[::1]:${port}/`).then((response) => response.text());
      await until(() => responses().then(Boolean, () => false), "it listens");
      assert.equal(await responses(), "::1 /x");
    } finally {
      await folder.close();
    }
  });
});
