/** Where a phase leaves a request. */
export type Outcome =
  /** The response was sent to its end, or broken off on the way. */
  | { readonly kind: "sent" }
  /** The response is an error page, or nginx's page for this status. */
  | { readonly kind: "status"; readonly status: number; readonly location?: string }
  /** The connection is closed without a response (`return 444`, a client that stopped sending). */
  | { readonly kind: "close"; readonly status: 444 | 408 | 400 }
  /** The client left before its response began. */
  | { readonly kind: "gone" }
  /** Starts anew with another URI, or in a named location. */
  | { readonly kind: "redirect"; readonly to: string };
