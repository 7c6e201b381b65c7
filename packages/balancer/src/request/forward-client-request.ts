import type { ProxyError } from "../error-envelope.ts";
import { type Conversation, conversationOf } from "../response-store/conversation.ts";
import type { Claim } from "../queue/admission.ts";
import type { RequestBody } from "../upstream-http/upstream-request.ts";
import { type ClientRequest, evaluated } from "./client-request.ts";
import { concludeRequest } from "./conclude-request.ts";
import type { CrashRecord } from "./condemned-requests.ts";
import { forwardRequest } from "./forward-request.ts";
import type { ForwardOutcome } from "./forward-task.ts";
import { ForwardedRequest, type Forwarder, type Placing } from "./forwarded-request.ts";
import { readBody } from "./body/read-body.ts";
import { condemned, noRoom } from "./request-errors.ts";
import { streamPings } from "./stream-pings.ts";

/** Body, lease, upstream, response; then the request ends. Throws only for the balancer's own faults. */
export async function forwardClientRequest(request: ClientRequest, forwarder: Forwarder): Promise<void> {
  const body = await bodyOf(request, forwarder);
  if (body === undefined) return;
  try {
    await converse(request, body, forwarder);
  } finally {
    if (body.kind === "bytes") forwarder.bodies.of(request.owner).giveBack(body.bytes.length);
  }
}

async function converse(request: ClientRequest, body: RequestBody, forwarder: Forwarder): Promise<void> {
  const { metrics } = forwarder;
  const bodies = forwarder.bodies.of(request.owner);
  const asker = { path: request.path, owner: request.caller?.stateOwner ?? "" };
  const made = conversationOf(asker, body, forwarder.responses(), forwarder.rules().maxBodyBytes);
  const conversation = made instanceof Promise ? await made : made;
  if ("status" in conversation) {
    metrics.countRefusal(conversation.code);
    request.refuse(conversation);
    return;
  }
  const { addedBytes } = conversation;
  if (addedBytes > 0 && !bodies.take(addedBytes)) {
    metrics.countRefusal(noRoom.code);
    request.refuse(noRoom, ["Retry-After", String(forwarder.admission.retryAfterSeconds())]);
    return;
  }
  try {
    await forwardWithBody(request, conversation, forwarder);
  } finally {
    bodies.giveBack(addedBytes);
  }
}

async function forwardWithBody(
  request: ClientRequest,
  conversation: Conversation,
  forwarder: Forwarder,
): Promise<void> {
  const { body } = conversation;
  const bytes = body.kind === "bytes" ? body.bytes : undefined;
  const record = forwarder.condemned.recordOf(request, bytes ?? noBytes);
  if (record.isCondemned()) {
    forwarder.metrics.countRefusal(condemned.code);
    request.refuse(condemned);
    return;
  }
  const holder = forwarder.rules().sharePrefixes === "all" ? undefined : request.caller?.stateOwner;
  const placement = forwarder.hints.of(request.path, bytes ?? noBytes, forwarder.pool, holder);
  const isPinged = forwarder.ownsApi() && forwarder.rules().streamPings;
  const pings = streamPings(request, bytes, isPinged, forwarder.clock);
  const claim = claimOf(request, { placement, pings, record }, forwarder);
  const task = new ForwardedRequest(request, conversation, { placement, pings, record, claim }, forwarder);
  let outcome: ForwardOutcome;
  try {
    outcome = await forwardRequest(task, forwarder.connections, forwarder.clock);
    // Before the pick ends, which lets one like it go on.
    if (outcome.kind === "condemned") condemn(record, forwarder);
  } finally {
    forwarder.pool.endPick(claim.pick);
    pings?.stop();
  }
  request.onTokens.push((tokens) => forwarder.admission.account(claim, tokens && evaluated(tokens)));
  request.queueMs = claim.waitedMs;
  concludeRequest(request, outcome, claim, forwarder);
}

/** Those like it that wait are told at once. */
function condemn(record: CrashRecord, { condemned: known, admission }: Forwarder): void {
  record.condemn();
  admission.dismiss(({ crashRecord }) => crashRecord !== undefined && known.has(crashRecord.likeness));
}

/** Undefined when the request was refused, or its client left, while the body came. */
async function bodyOf(request: ClientRequest, forwarder: Forwarder): Promise<RequestBody | undefined> {
  const { incoming, response } = request.arrival;
  const { maxBodyBytes } = forwarder.rules();
  const announced = Number(incoming.headers["content-length"] ?? 0);
  const asks = incoming.httpVersionMinor >= 1 && /100-continue/i.test(incoming.headers.expect ?? "");
  if (asks && announced <= maxBodyBytes) response.writeContinue();
  const reading = readBody(incoming, maxBodyBytes, forwarder.bodies.of(request.owner));
  const read = reading instanceof Promise ? await reading : reading;
  if (read.kind === "none" || read.kind === "bytes") return read;
  if (read.kind === "too-large") {
    const message = `the request body is larger than ${maxBodyBytes} bytes`;
    refuseWithBody(request, { status: 413, message, code: "body_too_large" }, [], forwarder);
  } else if (read.kind === "no-room") {
    refuseWithBody(request, noRoom, ["Retry-After", String(forwarder.admission.retryAfterSeconds())], forwarder);
  } else request.end(forwarder.rawResponses.get(incoming.socket) ?? { status: 499, bodyBytes: 0 });
  return undefined;
}

function refuseWithBody(
  request: ClientRequest,
  error: ProxyError,
  headers: readonly string[],
  { metrics }: Forwarder,
): void {
  metrics.countRefusal(error.code);
  request.refuseBody(error, headers);
}

function claimOf(
  request: ClientRequest,
  { placement, pings, record }: Omit<Placing, "claim">,
  { pool, rules }: Forwarder,
): Claim {
  const { affinity, cost } = placement;
  const { retry, explained } = rules();
  const key = Buffer.from(request.owner);
  const { clientAddress } = request.arrival;
  const sender = request.owner;
  const asked = { clientAddress, key, affinity, cost, crashRecord: record, sender, isExplained: explained > 0 };
  return {
    pick: pool.startPick(asked, retry.tries),
    owner: request.owner,
    client: request.response,
    needsSlot: request.needsSlot,
    onPosition: pings?.onPosition,
    waitedMs: 0,
    charged: undefined,
    refusal: undefined,
  };
}

const noBytes = Buffer.alloc(0);
