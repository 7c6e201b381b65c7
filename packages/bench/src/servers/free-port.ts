import { randomInt } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Above what Linux gives to connections and to servers that leave the choice to it: from there another program may get it first. */
const FROM = 61_000;
const TO = 65_536;
const TRIES = 20;

/** A port that was free a moment ago; nothing reserves it. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = await listened(randomInt(FROM, TO)).catch(() => undefined);
    if (port !== undefined) return port;
  }
  return await listened(0);
}

async function listened(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}
