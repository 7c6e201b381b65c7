import assert from "node:assert/strict";
import { once } from "node:events";
import { Socket } from "node:net";
import { describe, it } from "node:test";
import { JoinedRequest } from "./joined-request.ts";

describe("small parts of a body", () => {
  it("are joined, each request's own where several are read at a time", async () => {
    const requests = ["a", "b", "c"].map((letter) => ({ letter, request: new JoinedRequest(new Socket()) }));
    const seen = requests.map(async ({ request }) => {
      const parts = (await request.toArray()) as Buffer[];
      return Buffer.concat(parts).toString();
    });
    for (let part = 0; part < 5000; part += 1) {
      for (const { letter, request } of requests) {
        if (part % 10 === 0 || letter === "a") request.push(Buffer.from(letter.repeat(3)));
      }
    }
    for (const { request } of requests) request.push(null);
    assert.deepEqual(await Promise.all(seen), ["a".repeat(15_000), "b".repeat(1500), "c".repeat(1500)]);
  });

  it("and large ones keep their order", async () => {
    const request = new JoinedRequest(new Socket());
    for (const part of ["1", "2", "-".repeat(600), "3", "4"]) request.push(Buffer.from(part));
    request.push(null);
    const parts: string[] = [];
    request.on("data", (part: Buffer) => parts.push(String(part)));
    await once(request, "end");
    assert.deepEqual(parts, ["12", "-".repeat(600), "34"]);
  });
});
