/** A response of the balancer's own. */
export interface OwnResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: readonly string[];
}

export function jsonResponse(status: number, body: OwnResponse["body"]): OwnResponse {
  return { status, contentType: "application/json", body };
}
