import type { ForwardTask } from "../request/forward-task.ts";

interface HeadOptions {
  readonly keepAlive: boolean;
  readonly secret: string | undefined;
  /** The value of `x-drover-resume`. */
  readonly resume: string | undefined;
}

/** The request's head as it goes to an upstream; framing and `connection` are decided here. */
export function requestHead(task: ForwardTask, { keepAlive, secret, resume }: HeadOptions): string {
  const version = task.httpVersion ?? "1.1";
  let head = `${task.method} ${task.target} HTTP/${version}\r\n`;
  const { headers } = task;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  head += framingLine(task);
  if (secret !== undefined) head += `x-drover-secret: ${secret}\r\n`;
  if (resume !== undefined) head += `x-drover-resume: ${resume}\r\n`;
  if (task.headersAreComplete === true) return `${head}\r\n`;
  if (!keepAlive) head += "Connection: close\r\n";
  else if (version === "1.0") head += "Connection: keep-alive\r\n";
  return `${head}\r\n`;
}

/** Methods for which a missing length would mean something (RFC 9110, 8.6). */
const expectsBody = new Set(["POST", "PUT", "PATCH"]);

function framingLine(task: ForwardTask): string {
  const { body } = task;
  if (body.kind === "bytes") return `Content-Length: ${body.bytes.length}\r\n`;
  if (body.kind === "stored") return `Content-Length: ${body.lengthBytes}\r\n`;
  if (body.kind === "stream") {
    return body.lengthBytes === undefined
      ? "Transfer-Encoding: chunked\r\n"
      : `Content-Length: ${body.lengthBytes}\r\n`;
  }
  return expectsBody.has(task.method) && task.headersAreComplete !== true ? "Content-Length: 0\r\n" : "";
}
