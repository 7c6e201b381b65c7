import { bracketed } from "@drover/foundation/network/addresses";

/** Where Drover serves; with `port` 0 the address is a socket's path. */
export function publicUrl(at: { readonly address: string; readonly port: number; readonly isTls: boolean }): string {
  return at.port === 0 ? at.address : `${at.isTls ? "https" : "http"}://${bracketed(at.address)}:${at.port}`;
}
