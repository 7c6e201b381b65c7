import type { Random } from "../../chaos/random.ts";

/** Some 180 kB at most. */
const MOST_REQUESTS = 2000;
const MOST_CHUNKS = 30_000;

/** Thousands of requests, one behind the other. */
export function generateRequests(random: Random, key: string): string {
  const line = random.pick(["GET /v1/models", "GET /health", "GET /none", "HEAD /props", "OPTIONS /"]);
  const authorization = random.pick(["", `Authorization: Bearer ${key}\r\n`]);
  const request = `${line} HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n`;
  return request.repeat(random.between(100, MOST_REQUESTS));
}

/** A body of which each byte is a chunk of its own; perhaps it has no end. */
export function generateChunks(random: Random, key: string): string {
  const path = random.pick(["/v1/chat/completions", "/tokenize", "/none"]);
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const chunk = random.pick(["1\r\n \r\n", "1;a=b\r\n[\r\n", "000001\r\n{\r\n"]);
  return head + chunk.repeat(random.between(1000, MOST_CHUNKS)) + random.pick(["", "0\r\n\r\n"]);
}
