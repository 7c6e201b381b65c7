import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "@drover/balancer/test-support/eventually";
import { httpUpstream } from "@drover/balancer/test-support/upstream-server";
import { loadNginxConfig } from "../load.ts";
import { NginxServer } from "./nginx-server.ts";

/** Timers that are set; each can be called once. */
function handClock() {
  const timers = new Set<{ readonly delayMs: number; readonly call: () => void }>();
  const after = (delayMs: number, then: () => void) => {
    const timer = { delayMs, call: then };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return { timers, monotonicMs: () => 0, epochMs: () => 0, after, every: after };
}

describe("client_body_timeout", () => {
  for (const [how, buffering] of [
    ["held", "on"],
    ["passed on as it comes", "off"],
  ]) {
    it(`begins anew with each part of a body that is ${how}, and ends what falls silent`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "drover-body-time-"));
      const upstream = await httpUpstream((request) => request.resume());
      const clock = handClock();
      const server = new NginxServer(clock);
      t.after(async () => {
        await server.stop();
        await upstream.close();
        rmSync(folder, { recursive: true });
      });
      const path = join(folder, "sock");
      const conf = `access_log off; server { listen unix:${path}; client_body_timeout 7s;
        location / { proxy_request_buffering ${buffering}; proxy_pass ${upstream.origin}; } }`;
      const files = { read: () => conf, glob: () => [], resolve: (_: string, name: string) => name };
      await server.apply(
        loadNginxConfig({ path: "/c/n.conf", files, form: "part", paths: { errorLog: "stderr" } }).model,
      );
      const client = net.connect(path);
      const waits = () => [...clock.timers].filter(({ delayMs }) => delayMs === 7000);
      client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
      await eventually("its time runs", () => waits().length === 1);
      for (const letter of "abc") {
        const [before] = waits();
        client.write(letter);
        await eventually("it runs anew", () => waits().length === 1 && waits()[0] !== before);
      }
      waits()[0]?.call();
      client.resume();
      await once(client, "close");
      assert.equal(client.bytesRead, 0);
    });
  }
});
