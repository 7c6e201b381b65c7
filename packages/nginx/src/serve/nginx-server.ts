import type http from "node:http";
import type { Socket } from "node:net";
import { MatchLimitError } from "../errors.ts";
import { failureText } from "../system-error.ts";
import type { ClientConnection } from "@drover/balancer/engine";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { type ListenerModel, type NginxModel, serversOf } from "../model/model.ts";
import { evaluate } from "../model/template.ts";
import { accessLine } from "./request/access-line.ts";
import { handleRequest } from "./handle-request.ts";
import { type CountedConnection, type Incoming, readIncoming } from "./incoming.ts";
import { Listener, type ListenerEvents } from "./connections/listener.ts";
import { LogFiles } from "./log-files.ts";
import { createMetrics, type NginxMetrics, readUpstreams, type UpstreamReading } from "./metrics.ts";
import type { RequestState } from "./request/request-state.ts";
import { prepareRuntime, type Runtime } from "./runtime.ts";
import { type RawRefusal, refuseRaw } from "./connections/refuse-raw.ts";
import { sendPage } from "./response/own-response.ts";
import { loadTlsContexts } from "./connections/tls-contexts.ts";

/**
 * Serves what an nginx configuration says. `apply` takes on another one: sockets that both have stay open, and requests under way end
 * by the configuration they began with.
 */
export class NginxServer implements ListenerEvents {
  readonly logs: LogFiles;
  readonly metrics: NginxMetrics = createMetrics(() => this.upstreams);
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Listener>();
  readonly #connections = new WeakMap<Socket, CountedConnection>();
  /** The response where a request stopped being HTTP in its body. */
  readonly #refusals = new WeakMap<Socket, RawRefusal>();
  #runtime: Runtime | undefined;
  #connectionsSeen = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.logs = new LogFiles(clock);
  }

  /** The servers of all upstream groups, now. */
  get upstreams(): readonly UpstreamReading[] {
    return readUpstreams(this.#runtime?.groups ?? new Map());
  }

  /** What is served now. */
  get model(): NginxModel | undefined {
    return this.#runtime?.model;
  }

  /**
   * Starts, or goes over to another configuration. On any error everything stays as it was.
   * @throws NginxConfigError for names, certificates, logs and addresses that cannot be had
   */
  async apply(model: NginxModel): Promise<void> {
    const contexts = loadTlsContexts(serversOf(model));
    const runtime = await this.#prepare(model);
    const opened: Listener[] = [];
    try {
      for (const listening of model.listeners) {
        if (this.#kept(listening) !== undefined) continue;
        // The same address, but with TLS where there was none, or the other way round: one socket cannot be both.
        void this.#listeners.get(listening.label)?.close();
        const listener = new Listener(listening, contexts, this);
        await listener.listen();
        opened.push(listener);
      }
    } catch (error) {
      for (const listener of opened) void listener.close();
      for (const group of runtime.groups.values()) group.retire();
      throw error;
    }
    const before = this.#runtime;
    this.#runtime = runtime;
    for (const [label, listener] of this.#listeners) {
      const next = model.listeners.find((listening) => this.#kept(listening) === listener);
      if (next === undefined) {
        this.#listeners.delete(label);
        void listener.close();
      } else {
        listener.adopt(next, contexts);
      }
    }
    for (const listener of opened) this.#listeners.set(listener.model.label, listener);
    for (const group of before?.groups.values() ?? []) group.retire();
  }

  /** Whether `apply` would find names, certificates and logs; addresses are not tried. @throws NginxConfigError */
  async check(model: NginxModel): Promise<void> {
    const { groups } = await this.#prepare(model);
    for (const group of groups.values()) group.destroy();
    loadTlsContexts(serversOf(model));
  }

  /** Addresses that are listened on, as nginx prints them, with the ports they really have. */
  get addresses(): readonly string[] {
    return [...this.#listeners.values()].map(({ model, server }) => {
      const bound = server.address();
      return bound === null || typeof bound === "string"
        ? model.label
        : model.label.replace(/\d+$/, String(bound.port));
    });
  }

  /**
   * Takes no new connections and resolves when the last request has ended, or after `graceMs` (0 waits for ever), when what is left is cut.
   */
  async close(graceMs: number): Promise<void> {
    const runtime = this.#runtime;
    if (runtime !== undefined) runtime.isClosing = true;
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    const stopWaiting = graceMs === 0 ? () => {} : this.#clock.after(graceMs, () => closeAll(listeners));
    await Promise.all(listeners.map((listener) => listener.close()));
    stopWaiting();
    for (const group of runtime?.groups.values() ?? []) group.destroy();
    await this.logs.flush();
  }

  /** Cuts everything. */
  async stop(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    const closed = this.close(0);
    closeAll(listeners);
    await closed;
  }

  #prepare(model: NginxModel): Promise<Runtime> {
    return prepareRuntime(model, this.logs, this.#clock);
  }

  /** The open listener that goes on under this model: the same address, with or without TLS as before. */
  #kept(model: ListenerModel): Listener | undefined {
    const listener = this.#listeners.get(model.label);
    return listener !== undefined && listener.isTls === model.otherwise.tls ? listener : undefined;
  }

  onRequest(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    listener: Listener,
    switchable: ClientConnection | undefined,
  ): void {
    const runtime = this.#runtime;
    if (runtime === undefined) return;
    response.sendDate = false;
    try {
      const incoming = readIncoming(request, response, listener, this.#connectionOf(request.socket), runtime);
      incoming.state.switchable = switchable;
      void this.#serve(incoming, runtime);
    } catch (error) {
      // A server's name that is a regular expression came to its limit.
      runtime.logs.error(runtime.model.process.errorLogs, "alert", failureText(error));
      this.onBadRequest(request.socket, 500, listener);
    }
  }

  async #serve({ state, refused }: Incoming, runtime: Runtime): Promise<void> {
    const { response, request } = state;
    if (runtime.isClosing) response.shouldKeepAlive = false;
    request.socket.setTimeout(state.settings.sendTimeoutMs);
    const ended = new Promise<void>((resolve) => response.once("close", resolve));
    try {
      if (refused === undefined) await handleRequest(state);
      else sendPage(state, refused);
    } catch (error) {
      // nginx has these levels for a match at its limit and for a file that cannot be had.
      const level = error instanceof MatchLimitError ? "alert" : "crit";
      runtime.logs.error(state.settings.errorLogs, level, failureText(error), state.connection.number);
      fail(state);
    }
    if (state.unsendable !== undefined) {
      state.logError(`${state.unsendable} cannot be sent: it has bytes that would end it`);
    }
    if (!response.destroyed && !response.closed) await ended;
    state.isComplete = response.writableFinished;
    void state.spooledBody?.close();
    const refusal = this.#refusals.get(request.socket);
    if (refusal !== undefined && !response.headersSent) {
      state.status = refusal.status;
      state.headBytes = refusal.headBytes;
    }
    this.metrics.countRequest(state.status, this.#clock.monotonicMs() - state.startedAtMs);
    writeAccessLogs(state, runtime.logs);
  }

  onBadRequest(socket: Socket, status: number, listener: Listener): void {
    const runtime = this.#runtime;
    if (status === 0 || runtime === undefined) {
      socket.destroy();
      return;
    }
    this.#refusals.set(socket, refuseRaw(socket, status, listener.addressOf(socket).defaultServer, runtime));
  }

  #connectionOf(socket: Socket): CountedConnection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      this.#connectionsSeen += 1;
      connection = { number: this.#connectionsSeen, requests: 0, openedAtMs: this.#clock.monotonicMs() };
      this.#connections.set(socket, connection);
    }
    connection.requests += 1;
    return connection;
  }
}

/** The page of a 500 where it can be made. What is wrong with one request ends its connection at most. */
function fail(state: RequestState): void {
  const { response } = state;
  try {
    state.errorStatus = undefined;
    if (response.headersSent) response.destroy();
    else sendPage(state, 500);
  } catch (error) {
    state.runtime.logs.error(state.settings.errorLogs, "alert", failureText(error), state.connection.number);
    response.destroy();
  }
}

function writeAccessLogs(state: RequestState, logs: LogFiles): void {
  for (const { path, format, condition } of state.settings.accessLogs) {
    const wanted = condition === undefined ? "1" : evaluate(condition, state);
    if (wanted !== "" && wanted !== "0") logs.write(evaluate(path, state), accessLine(format, state));
  }
}

function closeAll(listeners: readonly Listener[]): void {
  for (const { server } of listeners) server.closeAllConnections();
}
