import type { IncomingMessage } from "node:http";
import type { Clock } from "@drover/foundation/clock";
import type { Metrics } from "./metrics.ts";
import type { AdmissionQueue } from "../queue/admission-queue.ts";
import { askUpstream } from "./ask-upstream.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { Upstream } from "../pool/upstream.ts";
import { freeSlots, isInService } from "../policies/availability.ts";
import { errorEnvelope } from "../error-envelope.ts";
import { frontPage, type FrontPageFacts } from "./front-page.ts";
import { jsonResponse, type OwnResponse } from "./own-response.ts";
import type { SharedWork } from "@drover/foundation/shared-work";

export interface OwnRouteParts {
  readonly clock: Clock;
  readonly pool: UpstreamPool;
  readonly queue: AdmissionQueue;
  readonly metrics: Metrics;
  /** What is made of many figures, for all who look at a time. */
  readonly looks: SharedWork<OwnResponse>;
  /** Whether callers need a key. */
  readonly needsKey: () => boolean;
  /** undefined: `/` belongs to the upstreams. */
  readonly frontPage: () => FrontPageFacts | undefined;
  readonly guest: GuestRoutes | undefined;
  readonly readiness: () => Readiness | undefined;
}

/**
 * `asleep`: its workers are unloaded until the next request, which is as good as being ready; `responses` are the JSON that they would
 * respond with to who looks at them, by path. `leaving`: it still serves, but soon will not.
 */
export type Readiness =
  | { readonly kind: "asleep"; readonly responses: ReadonlyMap<string, string> }
  | { readonly kind: "leaving" };

/** A route that the program around the balancer adds to the public port. */
export interface GuestRoute {
  /** Whether callers need a key, where keys are set. */
  readonly needsKey: boolean;
  respond(): OwnResponse | Promise<OwnResponse>;
}

/** Finds the added route of a request; undefined: there is none for it. */
export type GuestRoutes = (request: IncomingMessage, path: string) => GuestRoute | undefined;

type Respond = (
  parts: OwnRouteParts,
  request: IncomingMessage,
  onlyKey: string | undefined,
) => OwnResponse | Promise<OwnResponse>;

/**
 * Serves the paths that are the balancer's own; undefined for all others. They need no slot, and no key except `/metrics`, `/slots` and `/upstreams`.
 * @param onlyKey label of the key whose use alone the caller may see; undefined: that of all
 */
export function ownRoute(
  request: IncomingMessage,
  path: string,
  parts: OwnRouteParts,
  onlyKey: string | undefined,
): OwnResponse | Promise<OwnResponse> | undefined {
  const respond = path === "/" ? frontResponse(parts) : (routes[path] ?? sleepersResponse(path, request, parts));
  if (respond === undefined) return undefined;
  if (request.method === "GET" || request.method === "HEAD") return respond(parts, request, onlyKey);
  const error = { status: 405, message: `${path} takes GET only, not ${request.method}`, code: "method_not_allowed" };
  return { ...jsonResponse(405, ""), body: errorEnvelope(error), headers: ["Allow", "GET, HEAD"] };
}

/** A route of the program around the balancer; `/` is its only where it is not the upstreams'. */
export function guestRoute(request: IncomingMessage, path: string, parts: OwnRouteParts): GuestRoute | undefined {
  return path === "/" && parts.frontPage() === undefined ? undefined : parts.guest?.(request, path);
}

/** What workers that are unloaded would say to who looks at them. */
function sleepersResponse(
  path: string,
  { method }: IncomingMessage,
  { readiness }: OwnRouteParts,
): Respond | undefined {
  const now = method === "GET" || method === "HEAD" ? readiness() : undefined;
  const body = now?.kind === "asleep" ? now.responses.get(path) : undefined;
  return body === undefined ? undefined : () => jsonResponse(200, body);
}

/** Whether a path says nothing about the work, and so needs no key. */
export function isOpenPath(path: string, { frontPage }: OwnRouteParts): boolean {
  return openPaths.has(path) || (path === "/" && frontPage() !== undefined);
}

const openPaths: ReadonlySet<string> = new Set(["/health", "/live", "/ready"]);

const routes: Readonly<Record<string, Respond | undefined>> = {
  "/health": health,
  "/ready": health,
  "/live": () => jsonResponse(200, JSON.stringify({ status: "ok" })),
  "/slots": (parts, { url = "" }, onlyKey) => {
    const fails = FAIL_ON_NO_SLOT.test(url);
    return look(parts, onlyKey, `slots ${fails}`, (upstreams) => slotList(upstreams, fails));
  },
  "/upstreams": (parts, _request, onlyKey) =>
    look(parts, onlyKey, "upstreams", (upstreams) => {
      const { depth, limit } = parts.queue;
      return jsonResponse(200, JSON.stringify({ upstreams, queue: { depth, limit } }));
    }),
  "/metrics": ({ metrics, looks }, _request, onlyKey) =>
    looks.do(`metrics ${onlyKey ?? ""}`, async () => ({
      status: 200,
      contentType: metrics.contentType,
      body: await metrics.render(onlyKey),
    })),
};

function frontResponse(parts: OwnRouteParts): Respond | undefined {
  const facts = parts.frontPage();
  if (facts === undefined) return undefined;
  return ({ needsKey }, { headers }) => frontPage(facts, headers.accept, needsKey());
}

/** 200 with llama-server's body while an upstream takes requests, or would as soon as one came; else 503. */
function health({ pool, readiness }: OwnRouteParts): OwnResponse {
  const now = readiness();
  if (now?.kind === "leaving")
    return jsonResponse(503, errorEnvelope({ status: 503, message: "it is shutting down", code: "shutting_down" }));
  const able = pool.members.ordinary.filter((upstream) => isInService(upstream));
  const processing = sum(able, (upstream) => upstream.conns);
  const idle = sum(able, freeSlots);
  if (able.length > 0) {
    return jsonResponse(200, JSON.stringify({ status: "ok", slots_idle: idle, slots_processing: processing }));
  }
  if (now?.kind === "asleep") return jsonResponse(200, JSON.stringify({ status: "ok", sleeping: true }));
  const message = pool.members.ordinary.length === 0 ? "there is no worker" : "no worker is ready yet";
  return jsonResponse(503, errorEnvelope({ status: 503, message, code: "not_ready" }));
}

/**
 * Each upstream's slots as the balancer sees them, and what a worker says of its steps: sums over all keys. What it says of its slots is about single
 * requests, how long they are and how far, and only for who may see those of all.
 */
function look(
  { clock, pool, looks }: OwnRouteParts,
  onlyKey: string | undefined,
  name: string,
  respond: (upstreams: readonly UpstreamView[]) => OwnResponse,
): Promise<OwnResponse> {
  const seesRequests = onlyKey === undefined;
  const view = async (upstream: Upstream): Promise<UpstreamView> => ({
    id: upstream.id,
    ready: isInService(upstream),
    slots: Array.from({ length: upstream.maxConns }, (_, id) => ({ id, is_processing: id < upstream.conns })),
    active: upstream.conns,
    ...(upstream.owned && isInService(upstream) ? await workersView(upstream, clock, seesRequests) : {}),
  });
  return looks.do(`${name} ${seesRequests}`, async () =>
    respond(await Promise.all(inListOrder(pool.members.all).map(view))),
  );
}

const byId = new Intl.Collator("en", { numeric: true });

/** Workers by id, whichever came first: a slot's number in the list of all is the same after a restart. Others as they are configured. */
function inListOrder(upstreams: readonly Upstream[]): readonly Upstream[] {
  const workers = upstreams.filter(({ owned }) => owned).toSorted((one, other) => byId.compare(one.id, other.id));
  return [...upstreams.filter(({ owned }) => !owned), ...workers];
}

interface UpstreamView {
  readonly id: string;
  readonly ready: boolean;
  readonly active: number;
  readonly slots: readonly SlotView[];
  /** What a worker says of its slots. */
  readonly worker?: unknown;
}

interface SlotView {
  readonly id: number;
  readonly is_processing: boolean;
}

/** In the query of `/slots`, as at llama-server: the caller wants a 503 where no slot is free. */
const FAIL_ON_NO_SLOT = /[?&]fail_on_no_slot=(?!0?(?:&|$))/u;

/** The slots of all upstreams in one list, as llama-server has its own. */
function slotList(upstreams: readonly UpstreamView[], fails: boolean): OwnResponse {
  const all = upstreams.flatMap(({ id: upstream, slots, worker }) =>
    (Array.isArray(worker) ? (worker as readonly SlotView[]) : slots).map((slot) => ({ ...slot, upstream })),
  );
  if (fails && all.every((slot) => slot.is_processing)) {
    return jsonResponse(503, errorEnvelope({ status: 503, message: "no slot is free", code: "no_slot_available" }));
  }
  return jsonResponse(200, JSON.stringify(all.map((slot, id) => ({ ...slot, id }))));
}

/** What a worker says itself; no field for what it does not tell. */
async function workersView(upstream: Upstream, clock: Clock, seesRequests: boolean) {
  const [steps, worker] = await Promise.all([
    askUpstream(upstream, "/steps", clock),
    seesRequests ? askUpstream(upstream, "/slots", clock) : undefined,
  ]);
  return { worker, steps };
}

function sum(upstreams: readonly Upstream[], value: (upstream: Upstream) => number): number {
  return upstreams.reduce((total, upstream) => total + value(upstream), 0);
}
