import type { IncomingMessage } from "node:http";
import { hostName } from "./host-name.ts";

/** Fields that a request may have; nginx's `max_headers` since 1.29. Node drops what is over its own limit in silence. */
const MAX_FIELDS = 1000;

interface HeadProblem {
  readonly status: number;
  readonly message: string;
  readonly code: string;
}

/** What Node's parser lets through but two servers in a row might read differently; undefined: nothing is wrong. */
export function headProblem(request: IncomingMessage): HeadProblem | undefined {
  if (request.httpVersionMajor < 1)
    return { status: 400, message: "the request line names no HTTP version", code: "bad_request" };
  if (request.httpVersionMajor > 1)
    return { status: 505, message: "this server speaks HTTP/1.1", code: "version_not_supported" };
  const coding = codingProblem(request);
  if (coding !== undefined) return coding;
  if (request.rawHeaders.length / 2 > MAX_FIELDS) {
    return { status: 431, message: `a request may have ${MAX_FIELDS} header fields`, code: "header_too_large" };
  }
  const hosts = countOf(request.rawHeaders, "host");
  // RFC 9112, 3.2.
  if (hosts === 0 && request.httpVersionMinor > 0)
    return { status: 400, message: "the request has no Host", code: "bad_request" };
  if (hosts > 1) return { status: 400, message: "the request has more than one Host", code: "bad_request" };
  if (request.headers.host !== undefined && hostName(request.headers.host, "strict") === undefined)
    return { status: 400, message: "the request's Host is no host name", code: "bad_request" };
  return undefined;
}

/** RFC 9112, 6.1. */
function codingProblem({ headers, httpVersionMinor }: IncomingMessage): HeadProblem | undefined {
  const { "transfer-encoding": coding, "content-length": length } = headers;
  // An empty one too, which Node's parser takes for none.
  if (coding === undefined) return undefined;
  if (length !== undefined)
    return { status: 400, message: "the request has Content-Length beside Transfer-Encoding", code: "bad_request" };
  if (httpVersionMinor === 0)
    return { status: 400, message: "a request of HTTP/1.0 has no Transfer-Encoding", code: "bad_request" };
  if (coding.toLowerCase() === "chunked") return undefined;
  return { status: 501, message: "of transfer codings only chunked is known here", code: "not_implemented" };
}

function countOf(headers: readonly string[], lowerName: string): number {
  let count = 0;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) count += 1;
  }
  return count;
}
