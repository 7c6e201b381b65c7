/** Where a phase leaves a request. */
export type Outcome =
  /** Answered to its end, or broken off on the way. */
  | { readonly kind: "sent" }
  /** To be answered with an error page, or with nginx's page for this status. */
  | { readonly kind: "status"; readonly status: number; readonly location?: string }
  /** The connection is closed without an answer (`return 444`, a client that stopped sending). */
  | { readonly kind: "close"; readonly status: 444 | 408 | 400 }
  /** The client left before its answer began. */
  | { readonly kind: "gone" }
  /** Starts anew with another URI, or in a named location. */
  | { readonly kind: "redirect"; readonly to: string };
