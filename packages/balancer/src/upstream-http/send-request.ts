import { CALL_HEADER, OWNER_HEADER, RESUME_HEADER, SECRET_HEADER } from "@drover/contract/headers";
import type { Socket } from "node:net";
import type { UpstreamConnection } from "./connection.ts";
import type { Target } from "./target.ts";
import type { RawHeaders, RequestBody, StoredBody, UpstreamRequest } from "./upstream-request.ts";

/** A request on its way out. */
export interface Sending {
  /** The body was handed over to its last byte. */
  readonly complete: boolean;
  /** False where the kernel took no byte of it: the upstream had reset the connection, and certainly read nothing. */
  readonly hasLeft: boolean;
  /** Bytes given to the socket. */
  readonly bytes: number;
  /** Continues a streamed body after the socket drained. */
  resume(): void;
  /** Takes nothing more from the client. */
  stop(): void;
}

interface SendingOptions {
  readonly keepAlive: boolean;
  /** Of the response's body, by an earlier attempt. */
  readonly sentBytes: number;
}

/** Up to here a copy behind the head costs less than a write of two pieces. */
const MOST_COPIED_BYTES = 16_384;

/** Writes the request to a connected upstream: one write for head and held body, or the head and the client's bytes as they come. */
export function sendRequest(
  outgoing: UpstreamRequest,
  connection: UpstreamConnection,
  { keepAlive, sentBytes }: SendingOptions,
): Sending {
  const { socket, upstream } = connection;
  const { body } = outgoing;
  const resume = upstream.owned && outgoing.resumeKey !== undefined ? `${outgoing.resumeKey} ${sentBytes}` : undefined;
  const own = upstream.owned ? outgoing : undefined;
  const options = { keepAlive, secret: upstream.secret, resume, owner: own?.owner, call: own?.call };
  const head = requestHead(outgoing, upstream, options);
  if (body.kind === "stream") return sendStreamed(body, connection, head);
  if (body.kind === "stored") return sendStored(body, connection.socket, head);
  const bytes = body.kind === "bytes" ? body.bytes : undefined;
  if (bytes === undefined || bytes.length === 0) {
    socket.write(head, "latin1");
  } else if (bytes.length <= MOST_COPIED_BYTES) {
    const whole = Buffer.allocUnsafe(head.length + bytes.length);
    whole.write(head, "latin1");
    bytes.copy(whole, head.length);
    socket.write(whole);
  } else {
    socket.cork();
    socket.write(head, "latin1");
    socket.write(bytes);
    socket.uncork();
  }
  return {
    complete: true,
    hasLeft: hasTaken(socket),
    bytes: head.length + (bytes?.length ?? 0),
    resume: () => undefined,
    stop: () => undefined,
  };
}

/** To be asked right after a first write, which Node tries at once. */
function hasTaken(socket: Socket): boolean {
  return socket.errored === null;
}

function sendStored(body: StoredBody, socket: Socket, head: string): Sending {
  const sending = { complete: false, hasLeft: true, bytes: head.length, resume, stop };
  let sent = 0;
  let isReading = false;
  let isStopped = false;
  const sendOn = async (): Promise<void> => {
    isReading = true;
    let roomy = true;
    while (roomy && sent < body.lengthBytes) {
      const piece = await body.read(sent);
      if (isStopped) return;
      if (piece.length === 0) throw new Error("the stored body is shorter than it was");
      sent += piece.length;
      sending.bytes += piece.length;
      sending.complete = sent === body.lengthBytes;
      roomy = socket.write(piece);
    }
    isReading = false;
  };
  // An upstream that waits for the rest must not wait for ever.
  function resume(): void {
    if (!isReading && !isStopped) sendOn().catch((error: unknown) => socket.destroy(error as Error));
  }
  function stop(): void {
    isStopped = true;
  }
  socket.write(head, "latin1");
  sending.hasLeft = hasTaken(socket);
  resume();
  return sending;
}

function sendStreamed(
  body: Extract<RequestBody, { kind: "stream" }>,
  connection: UpstreamConnection,
  head: string,
): Sending {
  const { stream, lengthBytes } = body;
  const { socket } = connection;
  // What was taken from the client is gone: it counts as sent.
  const sending = { complete: false, hasLeft: true, bytes: head.length, resume, stop };
  let stopped = false;
  const onData = (chunk: Buffer): void => {
    // Whoever stopped it may have done so for this very chunk.
    if (stopped) return;
    const framed = lengthBytes === undefined;
    socket.cork();
    if (framed) socket.write(`${chunk.length.toString(16)}\r\n`);
    const roomy = socket.write(chunk);
    if (framed) socket.write("\r\n");
    socket.uncork();
    sending.bytes += chunk.length;
    if (!roomy) stream.pause();
  };
  const onEnd = (): void => {
    if (lengthBytes === undefined) socket.write("0\r\n\r\n");
    sending.complete = true;
  };
  function resume(): void {
    stream.resume();
  }
  function stop(): void {
    stopped = true;
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.resume();
  }
  socket.write(head, "latin1");
  stream.on("data", onData);
  stream.on("end", onEnd);
  // Who listens to it as well has paused it until now.
  stream.resume();
  return sending;
}

interface HeadOptions {
  readonly keepAlive: boolean;
  readonly secret: string | undefined;
  /** The value of `x-drover-resume`. */
  readonly resume: string | undefined;
  /** The value of `x-drover-owner`. */
  readonly owner: string | undefined;
  /** The value of `x-drover-call`. */
  readonly call: string | undefined;
}

/** The request's head as it goes to an upstream; framing and `connection` are decided here. */
function requestHead(outgoing: UpstreamRequest, target: Target, options: HeadOptions): string {
  const { keepAlive, secret, resume, owner, call } = options;
  const version = outgoing.httpVersion ?? "1.1";
  let head = `${outgoing.method} ${outgoing.target} HTTP/${version}\r\n`;
  const headers =
    target.address.tls && outgoing.headersAreComplete !== true ? withHost(outgoing.headers, target) : outgoing.headers;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  head += framingLine(outgoing);
  if (secret !== undefined) head += `${SECRET_HEADER}: ${secret}\r\n`;
  if (call !== undefined) head += `${CALL_HEADER}: ${call}\r\n`;
  if (resume !== undefined) head += `${RESUME_HEADER}: ${resume}\r\n`;
  if (owner !== undefined) head += `${OWNER_HEADER}: ${owner}\r\n`;
  if (outgoing.headersAreComplete === true) return `${head}\r\n`;
  if (!keepAlive) head += "Connection: close\r\n";
  else if (version === "1.0") head += "Connection: keep-alive\r\n";
  return `${head}\r\n`;
}

/** A server behind TLS is one of several behind its certificate, and refuses names that are not its own (421). `x-forwarded-host` has the client's. */
function withHost(headers: RawHeaders, { address }: Target): RawHeaders {
  if (address.kind === "unix") return headers;
  const name = address.host.includes(":") ? `[${address.host}]` : address.host;
  const host = address.port === 443 ? name : `${name}:${address.port}`;
  return headers.map((text, index) => (index % 2 === 1 && headers[index - 1]?.toLowerCase() === "host" ? host : text));
}

/** Methods for which a missing length would mean something (RFC 9110, 8.6). */
const expectsBody = new Set(["POST", "PUT", "PATCH"]);

function framingLine({ body, method, headersAreComplete }: UpstreamRequest): string {
  if (body.kind === "bytes") return `Content-Length: ${body.bytes.length}\r\n`;
  if (body.kind === "stored") return `Content-Length: ${body.lengthBytes}\r\n`;
  if (body.kind === "stream") {
    return body.lengthBytes === undefined
      ? "Transfer-Encoding: chunked\r\n"
      : `Content-Length: ${body.lengthBytes}\r\n`;
  }
  return expectsBody.has(method) && headersAreComplete !== true ? "Content-Length: 0\r\n" : "";
}
