import type { Random } from "../../chaos/random.ts";

/** A GGUF file with one to four changes: bytes, numbers, counts and lengths that are not what they say, or its end missing. */
export function spoilGguf(sound: Buffer, headerBytes: number, random: Random): Buffer {
  const file = Buffer.from(sound);
  for (let change = random.between(1, 4); change > 0; change -= 1) {
    const at = random.between(0, headerBytes - 9);
    const kinds = [
      () => file.writeUInt8(random.between(0, 255), at),
      () => file.writeBigUInt64LE(random.pick([0n, 1n, 2n ** 31n, 2n ** 40n, 2n ** 63n, 2n ** 64n - 1n]), at),
      () => file.writeUInt32LE(random.pick([0, 8, 9, 13, 255, 2 ** 31, 2 ** 32 - 1]), at),
      () => file.writeBigUInt64LE(random.pick([2n ** 20n, 2n ** 50n]), random.pick([8, 16])),
      () => file.write("\u001b[31m\u0000%n", at, "latin1"),
    ];
    random.pick(kinds)();
  }
  return random.next() < 0.3 ? file.subarray(0, random.between(0, headerBytes)) : file;
}

const words = [
  "http {",
  "server {",
  "location / {",
  "upstream u {",
  "events {}",
  "}",
  "if ($a ~ (a+)+$) {",
  "map $uri $a {",
  "listen 127.0.0.1:0;",
  "server 127.0.0.1:1;",
  "proxy_pass http://u;",
  "proxy_pass http://$host$uri;",
  "return 200 $uri;",
  "add_header X-A $uri always;",
  "rewrite ^(.*)*$ /$1 last;",
  "include *;",
  "include /proc/self/environ;",
  "error_page 404 /;",
  "server_name ~^(?<a>.+)+$;",
  "client_max_body_size 99999999999999g;",
  "keepalive 1e9;",
  "default_type \u0000;",
  '"',
  "'",
  "\\",
  "#",
  "$",
  ";;",
];

/** The text of an nginx configuration: directives in any order, and pieces of them. */
export function generateNginxFile(random: Random): string {
  const lines = Array.from({ length: random.between(1, 40) }, () => random.pick(words));
  const text = random.next() < 0.5 ? `events {}\nhttp {\n${lines.join("\n")}\n` : lines.join("\n");
  const deep = random.next() < 0.1 ? "server {".repeat(random.between(1, 20_000)) : "";
  return text.slice(0, random.between(0, text.length)) + deep + random.pick(["", "}", "}}", "\n}\n}\n"]);
}
