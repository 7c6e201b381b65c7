import type { IncomingMessage } from "node:http";

/** Header fields as they stand on the wire: name, value, name, value … */
export type RawHeaders = readonly string[];

/** A request as an upstream is sent it; the same one at each attempt. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Without `content-length`, `transfer-encoding`, `connection`: those are added here. `host` must be in it. */
  readonly headers: RawHeaders;
  readonly body: RequestBody;
  /** @default "1.1" */
  readonly httpVersion?: "1.0" | "1.1";
  /** `headers` say all there is to say: only the length of a body is added to them. @default false */
  readonly headersAreComplete?: boolean;
  /** Names the request to workers of Drover's own, so that one may resume an event stream that another one began; no client may guess it. @default none does */
  readonly resumeKey?: string | undefined;
  /** The value of `x-drover-owner` for workers of Drover's own. @default they are told of none */
  readonly owner?: string | undefined;
  /** By what workers name it in their reports. @default they report nothing */
  readonly call?: string;
}

/** A request body: held in memory, so that it can be sent again, or passed on as it comes (nginx `proxy_request_buffering off`). */
export type RequestBody =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | StoredBody
  | { readonly kind: "stream"; readonly stream: IncomingMessage; readonly lengthBytes: number | undefined };

/** A body that is held somewhere else than in memory, and can be read as often as is needed. */
export interface StoredBody {
  readonly kind: "stored";
  readonly lengthBytes: number;
  /** The bytes from there on, as many as it likes; none at the end or where they are lost. Rejects with the system's error. */
  read(offsetBytes: number): Promise<Buffer>;
}
