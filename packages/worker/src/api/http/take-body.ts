import type { WorkerSettings } from "@drover/contract/worker-options";
import { turnToParse } from "@drover/contract/json/json-cost";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { z } from "zod";
import { badField } from "../../errors.ts";
import { effectiveHints, printableName, sayIgnored } from "./ignored-parameters.ts";
import { checkInSlices } from "./check-in-slices.ts";
import { parseBody, refusalOf, requireBody } from "./parse-body.ts";

export interface BodyRules {
  /** `unknownParameters` also holds for hints that can't be followed. */
  readonly settings?: Partial<WorkerSettings>;
  readonly logger: Logger;
  /** What was logged as ignored already: each name once. */
  readonly ignoredBefore: Set<string>;
}

/** Objects of one body that may have unknown fields; each takes another look at the body. */
const MOST_OBJECTS = 16;
/** The cost of a look, in bytes that are parsed. */
const LOOK_BYTES = 128 * 1024;
/** Names that are remembered as logged, and those that one request may add. */
const MOST_LOGGED = 1000;
const MOST_LOGGED_AT_ONCE = 32;

/**
 * The request's body as the schema describes it. What the schema does not know is left out and named in the response's header, or refused.
 *
 * @throws RequestError 400 that names the first field at fault
 */
export async function takeBody<T>(
  rules: BodyRules,
  schema: z.ZodType<T>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<T> {
  requireBody(request.body);
  refuseManyMembers(request.body);
  const refuses = rules.settings?.unknownParameters === "refuse";
  const { parsed, left } = refuses
    ? { parsed: await parseBody(schema, request.body), left: [] }
    : await parseKnown(schema, request.body);
  const hints = effectiveHints(schema, parsed);
  const [refused] = hints;
  if (refuses && refused !== undefined) throw notNeutral(refused.name, refused.neutral);
  ignore(rules, reply, [...left, ...hints.map(({ name }) => name)]);
  return parsed;
}

/** No API has as many parameters; to name those that are not known takes a copy of the body. */
const MOST_MEMBERS = 1000;

function refuseManyMembers(body: unknown): void {
  const members = typeof body === "object" && body !== null ? Object.keys(body).length : 0;
  if (members <= MOST_MEMBERS) return;
  throw badField(null, `The body has ${members} members, and may have ${MOST_MEMBERS}.`, "too_many_values");
}

/** Tells the client, and once the log, that these had no effect. */
export function ignore(rules: BodyRules, reply: FastifyReply, names: readonly string[]): void {
  sayIgnored(reply, names);
  if (rules.ignoredBefore.size > MOST_LOGGED) return;
  const some = names.slice(0, MOST_LOGGED_AT_ONCE).map(printableName);
  const unsaid = some.filter((name) => !rules.ignoredBefore.has(name));
  if (unsaid.length === 0) return;
  for (const name of unsaid) rules.ignoredBefore.add(name);
  rules.logger.info({ parameters: unsaid, url: reply.request.url }, "a client sends parameters that are ignored");
}

function notNeutral(name: string, neutral: readonly unknown[]) {
  const values = neutral.filter((value) => value !== undefined).map((value) => JSON.stringify(value));
  const message = `Unsupported parameter: '${name}'. This server takes it only as ${values.join(" or ")}.`;
  return badField(name, message, "unsupported_parameter");
}

/** What the schema knows of the body, and the names of the rest. */
async function parseKnown<T>(
  schema: z.ZodType<T>,
  given: unknown,
): Promise<{ readonly parsed: T; readonly left: readonly string[] }> {
  let body = given;
  const left: string[] = [];
  for (let looks = 0; looks < MOST_OBJECTS; looks++) {
    if (looks > 0) await turnToParse(LOOK_BYTES);
    const result = await checkInSlices(schema, body);
    if (result.success) return { parsed: result.data, left };
    const [issue] = result.error.issues;
    if (issue?.code !== "unrecognized_keys") throw refusalOf(result.error.issues, []);
    body = without(body, issue.path, new Set(issue.keys));
    for (const key of issue.keys) left.push([...issue.path, key].join("."));
  }
  return { parsed: await parseBody(schema, body), left };
}

/** A copy in which the object at the path lacks the keys. */
function without(value: unknown, path: readonly PropertyKey[], keys: ReadonlySet<string>): unknown {
  const [step, ...rest] = path;
  if (typeof value !== "object" || value === null) return value;
  if (step === undefined) return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.has(key)));
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === step ? without(item, rest, keys) : item));
  }
  return { ...value, [step]: without(Reflect.get(value, step), rest, keys) };
}
