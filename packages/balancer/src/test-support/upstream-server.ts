import http from "node:http";
import net, { type AddressInfo } from "node:net";

export interface TestUpstream {
  readonly origin: string;
  readonly port: number;
  /** Requests, or connections of a raw one, so far. */
  readonly seen: () => number;
  readonly open: () => number;
  close(): Promise<void>;
}

/** An HTTP upstream. */
export function httpUpstream(handler: http.RequestListener): Promise<TestUpstream> {
  let seen = 0;
  const server = http.createServer((request, response) => {
    seen += 1;
    handler(request, response);
  });
  return started(server, () => seen);
}

/** An upstream that says what it is told to, byte by byte. */
export function rawUpstream(onConnection: (socket: net.Socket) => void): Promise<TestUpstream> {
  let seen = 0;
  const server = net.createServer((socket) => {
    seen += 1;
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  return started(server, () => seen);
}

/** A port where nobody listens. */
export async function deadPort(): Promise<number> {
  const upstream = await rawUpstream((socket) => socket.destroy());
  await upstream.close();
  return upstream.port;
}

function started(server: net.Server, seen: () => number): Promise<TestUpstream> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        origin: `http://127.0.0.1:${port}`,
        port,
        seen,
        open: () => sockets.size,
        close: () =>
          new Promise((done) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}
