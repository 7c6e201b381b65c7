import { once } from "node:events";
import net from "node:net";

/**
 * Ports for programs that can't choose one themselves. A port that was free a moment ago may be somebody else's by the time it is
 * listened on: another test's, or, from 32768 on, the near end of any connection. So each test process has a block of ports
 * below that for itself; it holds the block by listening on its first port, which the kernel gives back however the process ends.
 */
const FIRST = 10_240;
const BLOCK_PORTS = 500;
const BLOCKS = 45;

const block = await takeBlock();
let used = 0;

/** A port of 127.0.0.1 that nobody listens on, nor will. */
export async function freePort(): Promise<number> {
  return await freePorts(1);
}

/** As {@link freePort}, the first of so many in a row. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = nextPorts(count);
    const servers = await Promise.all(Array.from({ length: count }, (_, index) => listen(first + index)));
    await Promise.all(servers.map(async (server) => server && (await once(server.close(), "close"))));
    if (!servers.includes(undefined)) return first;
  }
}

/** The first of so many ports in a row, for a program that goes round those that are taken. */
export function nextPorts(count: number): number {
  if (1 + used + count > BLOCK_PORTS) used = 0;
  const first = block + 1 + used;
  used += count;
  return first;
}

async function takeBlock(): Promise<number> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let tried = 0; tried < BLOCKS; tried += 1) {
    const port = FIRST + ((start + tried) % BLOCKS) * BLOCK_PORTS;
    const server = await listen(port);
    if (server === undefined) continue;
    server.unref();
    return port;
  }
  throw new Error(`all ${BLOCKS} blocks of ports are in use`);
}

/** undefined: somebody else does. */
async function listen(port: number): Promise<net.Server | undefined> {
  const server = net.createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
}
