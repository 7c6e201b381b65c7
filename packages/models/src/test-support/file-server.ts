import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the server responds to one request; the last one given serves all further ones. `onceArrived`: see {@link FileServer.arrived}. */
export type FileResponse = (
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  onceArrived: (bytes: number, action: () => void) => void,
) => void;

export interface FileServer {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
  /** To be told how much of the file the client has: what was sent may be lost with a connection that breaks before it was read. */
  readonly arrived: (bytes: number) => void;
  readonly close: () => Promise<void>;
}

export async function serveFile(content: Buffer, ...responses: readonly FileResponse[]): Promise<FileServer> {
  const requests: IncomingMessage[] = [];
  const waiting = new Set<{ readonly bytes: number; readonly action: () => void }>();
  const arrived = (bytes: number): void => {
    for (const each of waiting) {
      if (each.bytes > bytes) continue;
      waiting.delete(each);
      each.action();
    }
  };
  const server: Server = createServer((request, response) => {
    requests.push(request);
    const respond = responses[Math.min(requests.length, responses.length) - 1] ?? whole();
    respond(request, response, content, (bytes, action) => void waiting.add({ bytes, action }));
  });
  // The client ends idle connections, never the server: a request on one that it is just closing would fail.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, requests, arrived, close };
}

/** All of it, or the range that was asked for under the same ETag. */
export function whole(etag = '"one"'): FileResponse {
  return (request, response, content) => {
    response.end(content.subarray(sendHead(request, response, content.length, etag)));
  };
}

/** Announces all, and breaks the connection once the client has `bytes` of the response. */
export function breakAfter(bytes: number, etag = '"one"'): FileResponse {
  return (request, response, content, onceArrived) => {
    const from = sendHead(request, response, content.length, etag);
    response.write(content.subarray(from, from + bytes));
    onceArrived(from + bytes, () => response.destroy());
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = ""): FileResponse {
  return (_request, response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
}

/** @returns where the body begins */
function sendHead({ headers }: IncomingMessage, response: ServerResponse, length: number, etag: string): number {
  const match = /^bytes=(\d+)-$/.exec(headers.range ?? "");
  const from = match !== null && headers["if-range"] === etag ? Number(match[1]) : 0;
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    "content-length": length - from,
    ...(from > 0 ? { "content-range": `bytes ${from}-${length - 1}/${length}` } : {}),
  });
  return from;
}
