import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

/** A port of 127.0.0.1 that was free a moment ago, or rejects where the wanted one is not; for programs that cannot choose one themselves. */
export async function freePort(wanted = 0): Promise<number> {
  const server = net.createServer().listen(wanted, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
