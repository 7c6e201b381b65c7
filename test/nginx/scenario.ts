import type { Script } from "../support/servers/scripted-upstream.ts";

/** Requests and what they meet: the same for the real nginx and for drover-nginx. */
export interface Scenario {
  readonly name: string;
  /** Servers by a letter; `@a` in the configuration is the address of `a`, and `@dead` one that nobody listens on. */
  readonly upstreams?: Readonly<Record<string, Script>>;
  /** What stands in the http block; `LISTEN` is the address to listen on, `FOLDER` one to write to. */
  readonly conf: string;
  readonly steps: readonly Step[];
}

export type Step =
  /** Requests on one connection, each sent when the response before it has come. */
  | { readonly kind: "requests"; readonly texts: readonly string[] }
  /** Requests on one connection, all sent at once. */
  | { readonly kind: "pipelined"; readonly texts: readonly string[] }
  /** Requests on connections of their own, each sent once the one before it has reached an upstream; then all responses. */
  | { readonly kind: "together"; readonly texts: readonly string[] }
  /** Sends the text, then bytes once the response's head has come; as many are awaited in return. */
  | { readonly kind: "switch"; readonly text: string; readonly bytes: string }
  /** Sends a request and leaves once it has reached its upstream, whose response is `held`. `goesOn`: nothing is to come of that. */
  | { readonly kind: "leave"; readonly text: string; readonly goesOn?: boolean }
  /** Sends the text and resets the connection once the proxy has read it; a line in the log must come of that. */
  | { readonly kind: "reset"; readonly text: string }
  /** Sends the parts on one connection, with that pause between any two, then reads the response, if there is one, and waits for the close. */
  | { readonly kind: "slow"; readonly parts: readonly string[]; readonly everyMs: number }
  /** Sends the request and reads nothing before that long has passed, or before the proxy has closed. */
  | { readonly kind: "unread"; readonly text: string; readonly until: number | "closed" }
  | { readonly kind: "wait"; readonly ms: number };

/** Sends the parts one by one and waits for the end of the connection. */
export function slow(parts: readonly string[], everyMs = 0): Step {
  return { kind: "slow", parts, everyMs };
}

/** One request on a connection of its own. */
export function one(text: string): Step {
  return { kind: "requests", texts: [text] };
}

export function sequence(...texts: readonly string[]): Step {
  return { kind: "requests", texts };
}

export function pipelined(...texts: readonly string[]): Step {
  return { kind: "pipelined", texts };
}

export function together(...texts: readonly string[]): Step {
  return { kind: "together", texts };
}

/** A request with a Host header, closing its connection unless another `Connection` is given. */
export function request(line: string, fields: readonly string[] = [], body = ""): string {
  const has = (name: string): boolean => fields.some((field) => field.toLowerCase().startsWith(`${name}:`));
  const all = [
    `${line} HTTP/1.1`,
    ...(has("host") ? [] : ["Host: a.test"]),
    ...fields,
    ...(body === "" || has("content-length") || has("transfer-encoding") ? [] : [`Content-Length: ${body.length}`]),
    ...(has("connection") ? [] : ["Connection: close"]),
  ];
  return `${all.join("\r\n")}\r\n\r\n${body}`;
}

export function get(path: string, ...fields: readonly string[]): string {
  return request(`GET ${path}`, fields);
}

export function times(count: number, text: string): Step[] {
  return Array.from({ length: count }, () => one(text));
}
