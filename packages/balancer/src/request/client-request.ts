import { type ApiRoute, pathOf, routeAt } from "@drover/contract/routes";
import type { Clock } from "@drover/foundation/clock";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { ProxyError } from "../error-envelope.ts";
import type { OwnResponse } from "../own-routes/own-response.ts";
import type { ClientConnection } from "../upstream-http/tunnel.ts";
import type { PickDecision, RequestRecord } from "@drover/contract/request-record";
import type { Attempt } from "./forward-task.ts";
import { respond, respondError, type Sending } from "./respond.ts";
import type { UsageReader } from "../foreign-usage/usage-reader.ts";

/**
 * How far a request has come: it has arrived; its key and limits are checked; it holds a slot of an upstream; it was sent there; the response is on its way
 * to the client; it is over.
 */
export type Stage = "received" | "admitted" | "leased" | "sent" | "relayed" | "ended";

/** Whoever has a key. */
export interface Caller {
  /** Of the key; one without is called by its number. */
  readonly label: string;
  /** Whose state workers keep: by the label, or by the key itself where it has none, since numbers change with the lines of a file. */
  readonly stateOwner: string;
  /** Its own, instead of those that hold for every key. */
  readonly limits: Partial<KeyLimitRules>;
}

/** What one key may do, or one address where there are no keys. 0 is no limit. */
export interface KeyLimitRules {
  readonly requestsPerMinute: number;
  /** Of prompts and responses. */
  readonly tokensPerMinute: number;
  readonly tokensPerDay: number;
  /** Requests at a time, waiting ones included. */
  readonly concurrency: number;
}

/** Begins a trace for each request, or continues the one that its headers name. */
export interface RequestTracing {
  begin(headers: IncomingHttpHeaders, nowEpochMs: number): RequestTrace;
}

export interface RequestTrace {
  /** What upstreams are sent instead of the client's `traceparent` and `tracestate`. */
  readonly headers: readonly string[];
  /** The request is over. */
  end(record: RequestRecord): void;
}

/** What is known of a request when its head has been read. */
export interface Arrival {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  /** The raw connection of a client that offers another protocol. */
  readonly switchable: ClientConnection | undefined;
  readonly id: string;
  /** Names it to workers, for their reports: the id is the client's own, and two requests may have one. */
  readonly call: string;
  readonly clientAddress: string;
  /** The proxy before us is trusted: what it says of the client is passed on. */
  readonly fromTrustedProxy: boolean;
  readonly receivedAtMs: number;
  /** Its trace; undefined: none is kept. */
  readonly trace?: RequestTrace | undefined;
  /** Fields for browsers, of every response to it. */
  readonly responseHeaders: readonly string[];
  /** Those are the only fields that tell a browser which pages may read a response: an upstream's own are dropped. */
  readonly decidesCors: boolean;
}

/** What a request took. */
export interface TokensTaken {
  /** Of its prompts, those included that needed no evaluation. */
  readonly prompt: number;
  readonly cached: number;
  readonly completion: number;
}

/** What the workers had to compute. */
export function evaluated({ prompt, cached, completion }: TokensTaken): number {
  return prompt - cached + completion;
}

/** How a request ended; the status is 499 for a client that left. */
export interface Ending {
  readonly status: number;
  /** Bytes of the response's body that were sent, whoever made it. */
  readonly bodyBytes: number;
}

/** A client's request, from the head that was read to its end. */
export class ClientRequest {
  readonly arrival: Arrival;
  readonly path: string;
  /** Undefined where no worker has one for it. */
  readonly route: ApiRoute | undefined;
  /** In their order; the last one may still run. */
  readonly attempts: Attempt[] = [];
  /** Whoever has the key that was used. */
  caller: Caller | undefined;
  /** Those, by their index, that resumed the response of the one before. */
  readonly resumedAttempts: number[] = [];
  /** Why it was given to which upstream, where that is kept. */
  readonly decisions: PickDecision[] = [];
  /** It uses what is served, until its end (`RunningRequests`). */
  isUse = false;
  /** Its response is a stream of events or lines. */
  isStream = false;
  queueMs = 0;
  /** What is told of its key's limits. */
  limitFields: readonly string[] = [];
  /** Reads what the response of a server that Drover does not own says of tokens. */
  foreignUsage: UsageReader | undefined;
  /** Called once it is over, and known what it took: undefined where nobody knows. */
  readonly onTokens: ((tokens: TokensTaken | undefined) => void)[] = [];
  readonly #onEnd: (request: ClientRequest, ending: Ending) => void;
  readonly #clock: Pick<Clock, "after">;
  #isAdmitted = false;
  #isEnded = false;

  constructor(arrival: Arrival, onEnd: (request: ClientRequest, ending: Ending) => void, clock: Pick<Clock, "after">) {
    this.arrival = arrival;
    this.path = pathOf(this.target);
    this.route = routeAt(this.method, this.path);
    this.#onEnd = onEnd;
    this.#clock = clock;
  }

  get id(): string {
    return this.arrival.id;
  }

  get method(): string {
    return this.arrival.incoming.method ?? "GET";
  }

  get target(): string {
    return this.arrival.incoming.url ?? "/";
  }

  get response(): ServerResponse {
    return this.arrival.response;
  }

  /** Label of the key that was used. */
  get keyLabel(): string | undefined {
    return this.caller?.label;
  }

  /** Whom its use is counted for: the key, or where there are none the client's address. */
  get owner(): string {
    return this.keyLabel ?? this.arrival.clientAddress;
  }

  get wantsWebSocket(): boolean {
    const { incoming, switchable } = this.arrival;
    return switchable !== undefined && this.method === "GET" && incoming.headers.upgrade?.toLowerCase() === "websocket";
  }

  /** Fields that every response to it carries. */
  get responseHeaders(): readonly string[] {
    return [...this.arrival.responseHeaders, ...this.limitFields];
  }

  /** Reads and counting of tokens run beside the slots of a worker. */
  get needsSlot(): boolean {
    if (this.wantsWebSocket) return true;
    if (this.route === undefined) return this.method !== "GET" && this.method !== "HEAD";
    return this.route.takesSlot === true;
  }

  get stage(): Stage {
    if (this.#isEnded) return "ended";
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) return this.#isAdmitted ? "admitted" : "received";
    if (attempt.headerMs !== undefined) return "relayed";
    return attempt.connectMs === undefined ? "leased" : "sent";
  }

  /** Key and limits let it in. */
  admit(caller: Caller | undefined): void {
    this.caller = caller;
    this.#isAdmitted = true;
  }

  /** Sends a response of the balancer's own; such a request is not counted. */
  respond(own: OwnResponse): void {
    this.#isEnded = true;
    const { status, contentType, body } = own;
    const headers = [...(own.headers ?? []), ...this.responseHeaders];
    respond(this.response, { status, contentType, body, headers }, this.#sending);
  }

  /** Sends an error of the balancer's own. @returns bytes of the response's body */
  sendError(error: ProxyError, headers: readonly string[] = []): number {
    return respondError(this.response, error, [...headers, ...this.responseHeaders], this.#sending);
  }

  /** Sends an error of the balancer's own, and ends. */
  refuse(error: ProxyError, headers: readonly string[] = []): void {
    this.end({ status: error.status, bodyBytes: this.sendError(error, headers) });
  }

  /** The same where its body is not read to the end: the connection ends with it. */
  refuseBody(error: ProxyError, headers: readonly string[] = []): void {
    this.response.shouldKeepAlive = false;
    this.refuse(error, headers);
  }

  /** Counted and logged once, whoever calls first. */
  end(ending: Ending): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onEnd(this, ending);
  }

  get #sending(): Sending {
    return { requestId: this.id, clock: this.#clock };
  }
}
