import type { z } from "zod";
import { badField, type RequestError } from "../../errors.ts";
import { checkInSlices } from "./check-in-slices.ts";
import { issueText } from "./issue-text.ts";

/**
 * The body as the schema describes it.
 *
 * @throws RequestError 400 that names the first field at fault.
 */
export async function parseBody<T>(schema: z.ZodType<T>, body: unknown): Promise<T> {
  requireBody(body);
  const parsed = await checkInSlices(schema, body);
  if (parsed.success) return parsed.data;
  throw refusalOf(parsed.error.issues, []);
}

/** @throws RequestError 400 `missing_body` */
export function requireBody(body: unknown): void {
  if (body === undefined || body === null) throw badField(null, "The request needs a JSON body.", "missing_body");
}

/** A field of a body that was not checked yet. */
export function fieldOf(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
}

/** What the first of the issues is to a client. */
export function refusalOf(issues: readonly z.core.$ZodIssue[], above: readonly PropertyKey[]): RequestError {
  const [issue] = issues;
  if (issue === undefined) return badField(null, "The body is not valid.");
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const meant = issue.errors.filter((issues) => depth(issues) > 0 && !issues.some(isOtherType));
    const [closest] = (meant.length > 0 ? meant : issue.errors).toSorted((a, b) => depth(b) - depth(a));
    if (closest !== undefined && depth(closest) > 0) return refusalOf(closest, path);
    const missing = issue.errors[0]?.find((first) => first.message.endsWith("received undefined"));
    if (missing !== undefined) return refusalOf([missing], path);
    return badField(fieldName(path), unionMessage(fieldName(path), issue.errors), "invalid_type");
  }
  if (issue.code === "unrecognized_keys") {
    const name = fieldName([...path, issue.keys[0] ?? ""]);
    return badField(name, `Unrecognized request argument supplied: ${name}`, "unknown_parameter");
  }
  const name = fieldName(path);
  if (issue.message.startsWith("Unsupported")) return badField(name, issue.message, "unsupported_parameter");
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return badField(name, `Missing required parameter: '${name}'.`, "missing_required_parameter");
  }
  const reason = issue.code === "invalid_type" ? "invalid_type" : "invalid_value";
  return badField(
    name,
    name === null ? `Invalid body: ${issueText(issue)}` : `Invalid '${name}': ${issueText(issue)}`,
    reason,
  );
}

/** Of several alternatives the one that got furthest is what the client meant; never one of another type altogether. */
function depth(issues: readonly z.core.$ZodIssue[]): number {
  if (issues.some((issue) => issue.code === "invalid_type" && issue.path.length === 0)) return 0;
  return Math.max(0, ...issues.map((issue) => issue.path.length + (RANKS[issue.code] ?? 0.5)));
}

/** At the same depth what a schema says itself tells more than that something else was expected. */
const RANKS: Partial<Record<z.core.$ZodIssue["code"], number>> = { invalid_type: 0, custom: 0.75 };

/** An alternative whose `type` is another one was not meant, where there is one with the same. */
function isOtherType({ path }: z.core.$ZodIssue): boolean {
  return path.length === 1 && path[0] === "type";
}

function unionMessage(name: string | null, alternatives: readonly (readonly z.core.$ZodIssue[])[]): string {
  const messages = alternatives.flatMap((issues) => issues.slice(0, 1).map(issueText));
  return `Invalid '${name ?? "body"}': ${[...new Set(messages)].join(", or ")}`;
}

/** `messages[0].content[1].type`, as OpenAI writes it. */
function fieldName(path: readonly PropertyKey[]): string | null {
  let name = "";
  for (const key of path) {
    if (typeof key === "number") name += `[${key}]`;
    else name += name === "" ? String(key) : `.${String(key)}`;
  }
  return name === "" ? null : name;
}
