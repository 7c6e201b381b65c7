import { once } from "node:events";
import { createServer } from "node:net";

/**
 * The first port from `first` on that is neither in `reserved` nor in use on 127.0.0.1, and those in use before it.
 * Errors of the system other than "in use", such as no free descriptor, are thrown as they come.
 */
export async function findFreePort(
  first: number,
  reserved: ReadonlySet<number>,
): Promise<{ readonly port: number; readonly taken: readonly number[] }> {
  const taken: number[] = [];
  for (let port = first; port <= 65535; port += 1) {
    if (reserved.has(port)) continue;
    if (await isFree(port)) return { port, taken };
    taken.push(port);
  }
  // Every port up to the end is in use: the system knows one.
  return { port: 0, taken };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" || code === "EACCES") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
