/** A pattern of texts that match both: what one says of their beginning comes first, and what one says of their end last. Undefined where both say something of the same end. */
export function joinPatterns(a: string, b: string): string | undefined {
  const [one, other] = [partOf(a), partOf(b)];
  const isTurned = one.isAtEnd || other.isAtStart;
  const [first, last] = isTurned ? [other, one] : [one, other];
  if (first.isAtEnd || last.isAtStart) return undefined;
  return `${first.isAtStart ? "^" : ""}(?:${first.body}).*(?:${last.body})${last.isAtEnd ? "$" : ""}`;
}

interface Part {
  readonly body: string;
  readonly isAtStart: boolean;
  readonly isAtEnd: boolean;
}

/** Anything may follow `^ab.*`, as it may follow `^ab`. */
function partOf(pattern: string): Part {
  const [, start = "", body = "", end = ""] = /^(\^?)(?:\.\*)?(.*?)(?:(?<!\\)\.\*)?((?<!\\)\$)?$/su.exec(pattern) ?? [];
  const isWhole = start === "^" && pattern.startsWith("^.*");
  return { body, isAtStart: start === "^" && !isWhole, isAtEnd: end === "$" && !/(?<!\\)\.\*\$$/u.test(pattern) };
}
