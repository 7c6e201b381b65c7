/** Where to connect. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls: boolean }
  | { readonly kind: "unix"; readonly path: string; readonly tls: false };

/** An upstream as far as the connections to it are concerned. */
export interface Target {
  readonly address: Address;
  /** One of Drover's own workers. */
  readonly owned: boolean;
  /** Sent as `x-drover-secret`. */
  readonly secret: string | undefined;
  /** Out of service: no connection to it is kept. */
  readonly down: boolean;
  /** Bytes of its responses, ever. */
  bytesReceived: number;
}
