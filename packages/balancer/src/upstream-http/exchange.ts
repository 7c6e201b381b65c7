import { messageOf } from "@drover/foundation/error-text";
import { BodyReader, type PassPart } from "./body-reader.ts";
import { ClientPatience, ClientRelay } from "./client-relay.ts";
import type { ConnectionUser } from "./connection.ts";
import type { AttemptFailure, ExchangeOptions, ExchangeResult, UnfinishedResponse } from "./exchange-task.ts";
import { headerValue } from "./hop-by-hop.ts";
import { type FinalHead, HeadReader, headText, interjectionOf, relayEarlyHints } from "./head-reader.ts";
import type { RelayedHead, ResponseHead } from "./response-head.ts";
import { isStreamFor, resumeOffset } from "./resume-offset.ts";
import { type Sending, sendRequest } from "./send-request.ts";
import { Tunnel } from "./tunnel.ts";

type Phase = "connecting" | "head" | "body" | "done";

interface Settle {
  readonly resolve: (result: ExchangeResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends the task's request on one connection and relays the response to the client. Rejects only with what `listener.onHead` throws. */
export function exchange(options: ExchangeOptions): Promise<ExchangeResult> {
  return new Promise((resolve, reject) => new Exchange(options, { resolve, reject }).start());
}

class Exchange implements ConnectionUser {
  readonly #options: ExchangeOptions;
  readonly #settle: Settle;
  readonly #relay: ClientRelay;
  #phase: Phase = "connecting";
  #sending: Sending | undefined;
  readonly #headReader: HeadReader;
  /** The head that was read, with what it says of body and connection. */
  #head: FinalHead | undefined;
  #body: BodyReader | undefined;
  #tunnel: Tunnel | undefined;
  #isStream = false;
  #isEncoded = false;
  /** Could another worker resume it? */
  #isResumable = false;
  readonly #patience: ClientPatience;
  #isClientGone = false;

  constructor(options: ExchangeOptions, settle: Settle) {
    this.#options = options;
    this.#patience = new ClientPatience(options.timeouts.clientStallMs ?? 0);
    this.#settle = settle;
    this.#relay = options.unfinished?.relay ?? new ClientRelay(options.task.client.response);
    // A function that is written behind `=` would be made in V8's old space, and keep all that belongs to the request there until a major garbage collection.
    this.#relay.onDrained = this.#unpause;
    this.#headReader = new HeadReader(options.task.outgoing.method, (head) => this.#onInformational(head));
  }

  start(): void {
    const { connection, task, timeouts } = this.#options;
    task.client.response.once("close", this.#onClientClose);
    task.cancel?.addEventListener("abort", this.#onCancel);
    connection.use(this);
    if (task.client.response.destroyed) this.#onClientClose();
    else if (connection.connected) this.onConnected();
    else connection.limit(timeouts.connectMs);
  }

  onConnected(): void {
    const { figures, clock, connection, task, timeouts, keepAlive } = this.#options;
    figures.connectMs = clock.monotonicMs() - figures.startedAtMs;
    this.#phase = "head";
    this.#sending = sendRequest(task.outgoing, connection, { keepAlive, sentBytes: this.#sentBefore });
    connection.limit(connection.socket.writableLength === 0 ? timeouts.readMs : timeouts.sendMs);
  }

  onDrained(): void {
    this.#sending?.resume();
    this.#tunnel?.onUpstreamDrained();
    this.#options.connection.limit(this.#options.timeouts.readMs);
  }

  onBytes(bytes: Buffer): void {
    this.#options.figures.bytesReceived += bytes.length;
    this.#options.connection.upstream.bytesReceived += bytes.length;
    if (this.#tunnel !== undefined) {
      this.#options.figures.bodyBytes += bytes.length;
      this.#tunnel.toClient(bytes);
      return;
    }
    try {
      if (this.#phase === "head") this.#readHead(bytes);
      else if (this.#phase === "body") this.#readBody(bytes);
    } catch (error) {
      // This runs below a socket's event, where nobody would catch it.
      this.#settle.reject(error);
      this.#finish({ kind: "client-gone" });
    }
  }

  onEnd(): void {
    if (this.#tunnel !== undefined) this.#complete(false, []);
    else if (this.#phase === "body") {
      if (this.#body?.endsWithConnection === true) this.#complete(false, []);
      else this.#break("it closed the connection in the middle of its response");
    } else this.#fail("error", "it closed the connection before its response");
  }

  onError(error: Error): void {
    if (this.#tunnel !== undefined) this.#complete(false, []);
    else if (this.#phase === "body") this.#break(messageOf(error));
    else this.#fail("error", messageOf(error));
  }

  onSilence(): void {
    const { connectMs } = this.#options.timeouts;
    if (this.#phase === "connecting") this.#fail("timeout", `no connection within ${connectMs} ms`);
    else if (this.#phase === "head") this.#fail("timeout", "it was silent for too long");
    else if (this.#tunnel !== undefined) this.#complete(false, []);
    else if (this.#phase === "body" && this.#patience.isTried) this.#onClientStall();
    else if (this.#phase === "body") this.#break("it was silent for too long");
  }

  #readHead(bytes: Buffer): void {
    const { figures, clock } = this.#options;
    const read = this.#headReader.read(bytes);
    if (read.kind === "incomplete") return;
    if (read.kind === "invalid") return this.#fail("invalid_header", read.reason);
    if (read.head.status === 101) return this.#switch(read.head, read.rest);
    figures.headerMs = clock.monotonicMs() - figures.startedAtMs;
    figures.status = read.head.status;
    this.#head = read;
    this.#respond(read);
  }

  /** Of a worker, a part of its event stream that is not in the body: whoever resumes the stream need not make it again. */
  #onInformational(head: ResponseHead): "counts" | "is expected" {
    const { connection, listener, task } = this.#options;
    const text = connection.upstream.owned ? interjectionOf(head) : undefined;
    if (!this.#isClientGone) relayEarlyHints(head, task.client);
    if (text === undefined) return "counts";
    const stream = this.#isClientGone ? undefined : listener.onInterim(head);
    if (stream !== undefined) this.#relay.interject(text, stream);
    return "is expected";
  }

  /** From here on the connection is the two sides' own affair, but for a silence as long as between two reads. */
  #switch(head: ResponseHead, rest: Buffer): void {
    const { task, figures, clock, connection, listener } = this.#options;
    const { switchable } = task.client;
    const relayed = switchable === undefined ? undefined : listener.onHead(head);
    if (switchable === undefined || relayed === undefined || relayed === "intercept") {
      this.#fail("invalid_header", "it switched protocols unasked");
      return;
    }
    figures.headerMs = clock.monotonicMs() - figures.startedAtMs;
    figures.status = head.status;
    this.#phase = "body";
    const text = headText(relayed.status, relayed.reason, relayed.headers);
    this.#tunnel = new Tunnel(switchable, connection.socket, text, () => this.#complete(false, []));
    if (rest.length > 0) this.onBytes(rest);
  }

  #respond(final: FinalHead): void {
    const { head, framing, rest } = final;
    const { task, listener, unfinished, connection } = this.#options;
    if (listener.isRetried(head.status)) {
      return this.#fail(head.status as AttemptFailure, `its status is ${head.status}`);
    }
    this.#isStream = isStreamFor(task.client.request, head);
    // Behind a compressed stream an event would be garbage.
    this.#isEncoded = headerValue(head.headers, "content-encoding") !== undefined;
    const mayResume = connection.upstream.owned && task.outgoing.resumeKey !== undefined;
    this.#isResumable = mayResume && resumeOffset(task.client.request, head, framing) === this.#sentBefore;
    if (unfinished !== undefined) return this.#continue(final);
    const relayed = listener.onHead(head);
    if (relayed === "intercept") {
      this.#finish({ kind: "intercepted", head });
      return;
    }
    this.#phase = "body";
    if (relayed.gzipLevel === undefined && framing.kind === "length" && this.#isComplete(framing.lengthBytes, rest)) {
      this.#relayAtOnce(relayed, rest, framing.lengthBytes);
      return;
    }
    this.#body = new BodyReader(framing, this.#isStream, task.bodyListener?.());
    if (!this.#isClientGone) this.#relay.start(relayed, framing);
    this.#readBody(rest);
    if (this.#phase === "body" && !this.#isClientGone) this.#relay.flush();
  }

  /** The client has the head and the beginning: what comes now are the next events. */
  #continue({ head, framing, rest }: FinalHead): void {
    this.#phase = "body";
    this.#isStream = true;
    if (!this.#isResumable) {
      this.#break(`another worker could not resume the response: its status is ${head.status}`);
      return;
    }
    this.#body = new BodyReader(framing, true, this.#options.task.bodyListener?.());
    this.#readBody(rest);
  }

  /** Bytes of the body that earlier workers have already sent. */
  get #sentBefore(): number {
    return this.#options.unfinished?.sentBytes ?? 0;
  }

  #isComplete(lengthBytes: number, rest: Buffer): boolean {
    return rest.length >= lengthBytes && !this.#isClientGone && !this.#options.task.client.response.headersSent;
  }

  #relayAtOnce(head: RelayedHead, rest: Buffer, lengthBytes: number): void {
    const { figures, task } = this.#options;
    figures.bodyBytes += lengthBytes;
    task.bodyListener?.()?.(rest.subarray(0, lengthBytes));
    this.#finishRelayed(rest.length === lengthBytes);
    this.#relay.sendAtOnce(head, rest.subarray(0, lengthBytes));
  }

  #readBody(bytes: Buffer): void {
    const body = this.#body;
    if (body === undefined) return;
    const progress = body.read(bytes, this.#relay.raw || this.#isClientGone, this.#pass);
    this.#options.figures.bodyBytes = this.#sentBefore + body.payloadBytes;
    if (progress.kind === "invalid") this.#break("its chunked framing is broken");
    else if (progress.kind === "end") this.#complete(progress.exact, progress.trailers);
  }

  readonly #pass: PassPart = (bytes, isLast) => {
    if (this.#isClientGone || this.#relay.write(bytes, isLast) || this.#patience.isTried) return;
    const { connection, clock } = this.#options;
    connection.limit(this.#patience.begin(clock.monotonicMs()));
    connection.socket.pause();
  };

  /** A client that takes nothing holds a slot that others wait for. */
  #onClientStall(): void {
    this.#options.task.client.response.destroy();
    this.#onClientClose();
  }

  readonly #unpause = (): void => {
    if (!this.#patience.isTried || this.#phase === "done") return;
    const { connection, timeouts, clock, figures } = this.#options;
    this.#patience.end(figures.bodyBytes, clock.monotonicMs());
    connection.limit(timeouts.readMs);
    connection.socket.resume();
  };

  #complete(exact: boolean, trailers: readonly string[]): void {
    if (this.#phase === "done") return;
    this.#finishRelayed(exact);
    if (this.#tunnel !== undefined) this.#tunnel.end();
    else if (!this.#isClientGone) this.#relay.end(trailers);
  }

  #finishRelayed(exact: boolean): void {
    const reusable = exact && this.#head?.keepAlive === true && this.#sending?.complete === true;
    this.#finish({ kind: "relayed", reusable, keepsForMs: this.#head?.keepsForMs });
  }

  #break(reason: string): void {
    if (this.#phase === "done") return;
    const clean = this.#isStream && !this.#isEncoded && this.#body?.inChunk !== true;
    if (clean && this.#isResumable && !this.#isClientGone) {
      const unfinished: UnfinishedResponse = { relay: this.#relay, sentBytes: this.#options.figures.bodyBytes };
      // What it has made is the client's now, however long the rest takes.
      this.#relay.flush();
      this.#finish({ kind: "broken", reason, unfinished });
      return;
    }
    this.#finish({ kind: "broken", reason });
    if (!this.#isClientGone) this.#relay.breakOff(clean ? this.#options.listener.errorEvent(reason) : undefined);
  }

  #fail(failure: AttemptFailure, reason: string): void {
    if (this.#phase === "done") return;
    this.#finish({ kind: "failed", failure, reason, requestSent: this.#sending?.hasLeft === true });
  }

  readonly #onClientClose = (): void => {
    if (this.#phase === "done") return;
    this.#isClientGone = true;
    if (this.#options.task.ignoreClientAbort === true) this.#unpause();
    else this.#finish({ kind: "client-gone" });
  };

  readonly #onCancel = (): void => {
    if (this.#phase !== "done") this.#finish({ kind: "client-gone" });
  };

  #finish(result: ExchangeResult): void {
    const { figures, clock, connection, task } = this.#options;
    this.#phase = "done";
    task.client.response.off("close", this.#onClientClose);
    task.cancel?.removeEventListener("abort", this.#onCancel);
    this.#sending?.stop();
    figures.bytesSent = this.#sending?.bytes ?? 0;
    figures.responseMs = clock.monotonicMs() - figures.startedAtMs;
    if (this.#patience.isTried) connection.socket.resume();
    this.#settle.resolve(result);
  }
}
