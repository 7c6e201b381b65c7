import { plural } from "@drover/foundation/texts";
import type { z } from "zod";

/** What is wrong with a field, as it goes on after its name: `must be at most 2`. A schema's own message stays as it is. */
export function issueText(issue: z.core.$ZodIssue): string {
  const isOwn = !DEFAULTS.some((start) => issue.message.startsWith(start));
  return isOwn ? issue.message : (plainText(issue) ?? issue.message);
}

/** zod's default messages all begin with one of these. */
const DEFAULTS = ["Too big: ", "Too small: ", "Invalid input", "Invalid option: ", "Invalid key in ", "Invalid discri"];

function plainText(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "too_big") {
    return `must ${bound(issue.origin, issue.inclusive === false ? "under" : "at most", issue.maximum)}`;
  }
  if (issue.code === "too_small") {
    return `must ${bound(issue.origin, issue.inclusive === false ? "over" : "at least", issue.minimum)}`;
  }
  if (issue.code === "invalid_type") {
    return `must be ${KINDS.get(issue.expected) ?? issue.expected}${received(issue.message)}`;
  }
  if (issue.code === "invalid_value")
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  if (issue.code === "invalid_key") return issue.issues[0] === undefined ? undefined : issueText(issue.issues[0]);
  if (issue.code !== "invalid_union") return undefined;
  const names = /Expected (.*)$/u.exec(issue.message)?.[1];
  return names === undefined ? undefined : `must be ${names.replaceAll(" | ", " or ")}`;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["array", "a list"],
  ["boolean", "true or false"],
  ["int", "a whole number"],
  ["null", "null"],
  ["number", "a number"],
  ["object", "an object"],
  ["record", "an object"],
  ["string", "a text"],
]);

function received(message: string): string {
  const kind = /received (\w+)$/u.exec(message)?.[1];
  return kind === undefined ? "" : `, not ${KINDS.get(kind) ?? kind}`;
}

function bound(origin: string, how: string, limit: number | bigint): string {
  if (origin === "array") return `have ${how} ${plural(Number(limit), "item")}`;
  if (origin === "string") return `have ${how} ${plural(Number(limit), "character")}`;
  return `be ${how} ${limit}`;
}
