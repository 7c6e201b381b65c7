import type { Random } from "../../chaos/random.ts";

const body = '{"messages":[{"role":"user","content":"x"}],"max_tokens":2}';

const fields: readonly ((random: Random) => string)[] = [
  () => `Content-Length: ${body.length}`,
  (random) => `Content-Length: ${random.pick(["-1", "+5", "0x10", "1e3", "99999999999999999999", "5, 5", " 5 5", ""])}`,
  (random) =>
    `Transfer-Encoding: ${random.pick(["chunked", "chunked, chunked", "identity", "gzip", "chunked\t", "xchunked"])}`,
  (random) => `Host: ${random.pick(["localhost", "a b", "evil.example", "[::1", "localhost:99999", "", "\u0001"])}`,
  (random) => `X-${"a".repeat(random.between(1, 40_000))}: 1`,
  (random) => `X-A: ${"b".repeat(random.between(1, 40_000))}`,
  (random) => random.pick(["no colon", ": no name", "A : blank", " folded", "X-A: \u0000", "X-A: \u0007", "Ä: ö"]),
  (random) => `x-drover-${random.pick(["secret", "owner", "resume", "queue-events", "call"])}: ${"0".repeat(36)} 5`,
  (random) => `X-Forwarded-For: ${"1.2.3.4, ".repeat(random.between(1, 200))}`,
  (random) => `Authorization: Bearer ${random.pick(["", "x", "hostile-key", "\u00e9", "a b", "b".repeat(20_000)])}`,
  (random) => `Expect: ${random.pick(["100-continue", "200-ok"])}`,
  (random) => `Connection: ${random.pick(["close", "keep-alive", "upgrade", "Content-Length", "x-request-id"])}`,
  (random) => `Upgrade: ${random.pick(["websocket", "h2c", "TLS/1.0"])}`,
  (random) => `X-Request-Id: ${random.pick(["\u001b[2J", "a".repeat(500), "../../etc", "%0d%0a"])}`,
  (random) =>
    `traceparent: ${random.pick(["00-0-0-0", "x".repeat(1000), "00-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01"])}`,
];

/** Bytes of a request whose head is wrong in some way, or only odd; perhaps with a second request hidden behind it. */
export function generateHead(random: Random): Buffer {
  const method = random.pick(["POST", "GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PRI", "post", "P OST", "\u0000"]);
  const target = random.pick([
    "/v1/chat/completions",
    "/%0a",
    "*",
    "http://evil/",
    "//",
    "/..%2f..%2fetc",
    "/" + "a".repeat(9000),
    "/\u00ff",
  ]);
  const version = random.pick(["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.1 ", "http/1.1", "HTTP/9"]);
  const end = random.pick(["\r\n", "\r\n", "\r\n", "\n", "\r"]);
  const lines = Array.from({ length: random.between(0, 6) }, () => random.pick(fields)(random));
  const head = [`${method} ${target} ${version}`, ...lines, "", ""].join(end);
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  return Buffer.from(head + random.pick([body, chunked, "", hidden, `${body}${hidden}`, "5\r\nab"]), "latin1");
}
