import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { refused, type RequestError } from "../errors.ts";
import { RESUME_HEADER } from "@drover/contract/headers";
import { ResponseJournal, type JournalSettings } from "../state/response-journal.ts";
import { JournaledGenerator } from "../state/journaled-generator.ts";
import { CALL_ID_DIGITS, newId, nowSeconds, type Serving } from "./serving.ts";

/** A UUID that the balancer made up for the request, and the bytes of the stream that its client has already. */
const RESUME_REQUEST = /^([0-9a-f-]{36}) (\d{1,12})$/;

/**
 * What serves this one request: where the balancer asks for it, in a way that another worker can resume. Ids, seed
 * and time follow from the request's key and journal, so that each attempt makes the same stream.
 *
 * @throws RequestError 409 where the client has a part of a stream of which nothing is known here.
 */
export function resumable(serving: Serving, request: FastifyRequest, reply: FastifyReply): Serving {
  const [, key, sent] = RESUME_REQUEST.exec(String(request.headers[RESUME_HEADER] ?? "")) ?? [];
  if (key === undefined || serving.journals === undefined) return serving;
  return journaled(serving, serving.journals, { key, sentBytes: Number(sent) }, reply);
}

interface ResumeRequest {
  readonly key: string;
  readonly sentBytes: number;
}

function journaled(
  serving: Serving,
  journals: JournalSettings,
  { key, sentBytes }: ResumeRequest,
  reply: FastifyReply,
): Serving {
  const journal = new ResponseJournal(journals, key, nowSeconds(serving));
  if (sentBytes > 0 && !journal.isTakenOver) throw notResumable();
  reply.raw.once("close", () => journal.remove());
  const generator = new JournaledGenerator(serving.generator, journal, {
    journaled: () => reply.raw.setHeader(RESUME_HEADER, String(sentBytes)),
    givenUp: () => {
      if (sentBytes > 0) throw notResumable();
      if (!reply.raw.headersSent) reply.raw.removeHeader(RESUME_HEADER);
    },
  });
  let draws = 0;
  const draw = () => createHash("sha256").update(`${key} ${draws++}`).digest();
  const newUuid = () => uuidOf(draw());
  return {
    ...serving,
    generator,
    sentBytes,
    clock: { ...serving.clock, epochMs: () => journal.createdSeconds * 1000 },
    randomSeed: () => draw().readUInt32LE(0),
    newUuid,
    newCallId: () => newId({ newUuid }, "call", CALL_ID_DIGITS),
  };
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/u, "$1-$2-$3-$4-$5");
}

function notResumable(): RequestError {
  return refused(409, "not_resumable", "This worker knows nothing of the response that it is to resume.");
}
