import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { PolicyName } from "./registry.ts";
import { UpstreamPool } from "../pool/upstream-pool.ts";

// Recorded from nginx 1.22.1 (Debian): three servers, the second with weight=2; the digit is the server that responded.
const keys = [
  "a",
  "b",
  "c",
  "alpha",
  "beta",
  "gamma",
  "user-1",
  "user-2",
  "user-3",
  "user-4",
  "user-5",
  "user-6",
].concat(["session/42", "zz%20top", "0", "1", "2", "3"]);
const addresses = ["10.0.0.1", "10.0.1.1", "10.1.0.1", "192.168.1.7", "192.168.2.7", "172.16.5.4", "8.8.8.8"].concat([
  "1.1.1.1",
  "203.0.113.9",
  "198.51.100.23",
  "2001:db8::1",
  "2001:db8:0:1::5",
  "fe80::1",
  "::1",
]);

function poolOf(policy: PolicyName): UpstreamPool {
  const upstreams = [39_081, 39_082, 39_083].map((port, index) => ({
    id: String(index),
    origin: `http://127.0.0.1:${port}`,
    weight: index === 1 ? 2 : 1,
  }));
  return new UpstreamPool({ policy, upstreams, clock: systemClock, random: Math.random });
}

function placeKeys(policy: PolicyName): string {
  const pool = poolOf(policy);
  return keys.map((key) => pool.acquire(pool.startPick({ key: Buffer.from(key) }))?.upstream.id).join("");
}

describe("the hashing policies", () => {
  it("hash KEY consistent sends each key where nginx sent it", () => {
    assert.equal(placeKeys("consistent_hash"), "112020122122101122");
  });

  it("hash KEY sends each key where nginx sent it", () => {
    assert.equal(placeKeys("hash"), "211012120021212011");
  });

  it("ip_hash sends each address where nginx sent it", () => {
    const pool = poolOf("ip_hash");
    const placed = addresses.map((clientAddress) => pool.acquire(pool.startPick({ clientAddress }))?.upstream.id);
    assert.equal(placed.join(""), "11112120000021");
  });
});
