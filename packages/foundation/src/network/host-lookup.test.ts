import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createHostLookup } from "./host-lookup.ts";

describe("the lookup of a host's name", () => {
  const server = dgram.createSocket("udp4");
  const folder = mkdtempSync(join(tmpdir(), "drover-hosts-"));
  const asked: string[] = [];
  /** Names for which no response comes at all. */
  const silent = new Set(["silent.test"]);
  let lookup: LookupFunction;

  before(async () => {
    server.on("message", (query, from) => {
      const name = nameIn(query);
      asked.push(name);
      if (!silent.has(name))
        server.send(responseTo(query, name === "known.test" || name === "svc.cluster.test"), from.port);
    });
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const hostsFile = join(folder, "hosts");
    const resolverFile = join(folder, "resolv.conf");
    writeFileSync(hostsFile, "# comment\n10.0.0.9  written.test other # names\n");
    writeFileSync(resolverFile, "search cluster.test\noptions ndots:2\n");
    const servers = [`127.0.0.1:${server.address().port}`];
    lookup = createHostLookup({ servers, timeoutMs: 200, hostsFile, resolverFile });
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("is not held up by another name that the server does not answer, and that one fails in time", async () => {
    let isOver = false;
    const failing = Promise.all(Array.from({ length: 8 }, () => addressesOf("silent.test"))).catch((error: Error) => {
      isOver = true;
      return error;
    });
    assert.deepEqual(await addressesOf("known.test"), ["10.0.0.7"]);
    assert.equal(isOver, false);
    assert.match(String(await failing), /ETIMEOUT/);
  });

  it("is by /etc/hosts first, and knows localhost without it", async () => {
    assert.deepEqual(await addressesOf("written.test"), ["10.0.0.9"]);
    assert.deepEqual(await addressesOf("localhost"), ["127.0.0.1", "::1"]);
    assert.ok(!asked.includes("written.test") && !asked.includes("localhost"));
  });

  it("tries short names below the search domains", async () => {
    assert.deepEqual(await addressesOf("svc"), ["10.0.0.7"]);
  });

  it("continues the addresses that were found last while the server is silent", async () => {
    assert.deepEqual(await addressesOf("known.test"), ["10.0.0.7"]);
    silent.add("known.test");
    assert.deepEqual(await addressesOf("known.test"), ["10.0.0.7"]);
  });

  function addressesOf(name: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      lookup(name, { all: true }, (error, found) => {
        if (error !== null) reject(error);
        else resolve((found as { address: string }[]).map(({ address }) => address));
      });
    });
  }
});

function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0; at += (query[at] ?? 0) + 1) {
    labels.push(query.toString("latin1", at + 1, at + 1 + (query[at] ?? 0)));
  }
  return labels.join(".");
}

/** 10.0.0.7 to a question for IPv4, no address to any other, or NXDOMAIN. */
function responseTo(query: Buffer, isKnown: boolean): Buffer {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const isA = question.readUInt16BE(question.length - 4) === 1;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(isKnown && isA ? 1 : 0, 6);
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 0, 0, 7]);
  return Buffer.concat(isKnown && isA ? [head, question, record] : [head, question]);
}
