import { messageOf } from "@drover/foundation/error-text";
import vm from "node:vm";
import { RE2JS } from "re2js";
import { type ConfigPosition, MatchLimitError, NginxConfigError } from "../errors.ts";
import { type TranslatedPattern, translatePattern, Untranslatable } from "./pattern.ts";

/** What a match found. */
export interface Captures {
  /** The entire match, then each group; undefined for a group that took no part. */
  readonly groups: readonly (string | undefined)[];
  /** The groups that have names. */
  readonly named: Readonly<Record<string, string | undefined>>;
}

/** @throws NginxConfigError for a pattern that PCRE would not take, and for one that nothing here can match */
export function compileRegex(pattern: string, caseless: boolean, position: ConfigPosition): NginxRegex {
  try {
    return new NginxRegex(pattern, translatePattern(pattern, caseless));
  } catch (error) {
    const why = messageOf(error);
    if (!(error instanceof Untranslatable)) {
      throw NginxConfigError.at(position, `pcre2_compile() failed: ${why} in "${pattern}"`);
    }
    const reason = `JavaScript has no equal of ${why}`;
    throw NginxConfigError.unsupported(position, `the regular expression "${pattern}"`, reason);
  }
}

/** How long a match may backtrack. One that ends takes microseconds; PCRE's own limit, ten million steps, takes nginx longer than this. */
const backtrackLimitMs = 50;

/**
 * A regular expression that a client cannot make run for long, whatever text it sends. RE2 matches in time that grows with the text alone, so it
 * comes first. It has no look-around and no back-references: these backtrack in JavaScript's engine, which is stopped at a limit.
 */
export class NginxRegex {
  /** As it stands in the configuration. */
  readonly pattern: string;
  readonly #linear: RE2JS | undefined;
  readonly #hasGroups: boolean;
  readonly #backtracking: RegExp;

  /** @throws SyntaxError for what no engine takes */
  constructor(pattern: string, { source, flags, linear }: TranslatedPattern) {
    this.pattern = pattern;
    this.#backtracking = new RegExp(source, flags);
    this.#linear = compileLinear(linear, flags);
    this.#hasGroups = this.#linear === undefined || this.#linear.groupCount() > 0;
  }

  /** @throws MatchLimitError */
  exec(text: string): Captures | undefined {
    const found = this.find(text);
    if (found === "limit") throw new MatchLimitError(this.pattern, text);
    return found;
  }

  /** As `exec`, for those who go on where the limit is reached. */
  find(text: string): Captures | undefined | "limit" {
    if (this.#linear !== undefined && !text.endsWith("\n")) return this.#execLinear(this.#linear, text);
    const found = boundedExec(this.#backtracking, text);
    if (found === "limit") return found;
    return found === null ? undefined : { groups: found, named: found.groups ?? {} };
  }

  #execLinear(linear: RE2JS, text: string): Captures | undefined {
    if (!this.#hasGroups) return linear.test(text) ? withoutGroups : undefined;
    const matcher = linear.matcher(text);
    if (!matcher.find()) return undefined;
    const groups = Array.from({ length: linear.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined);
    const named = Object.entries(linear.namedGroups()).map(([name, index]) => [name, groups[index]] as const);
    return { groups, named: Object.fromEntries(named) };
  }
}

const withoutGroups: Captures = { groups: [], named: {} };

function compileLinear(source: string, flags: string): RE2JS | undefined {
  const letters: Readonly<Record<string, number>> = {
    i: RE2JS.CASE_INSENSITIVE,
    s: RE2JS.DOTALL,
    m: RE2JS.MULTILINE,
  };
  let bits = 0;
  for (const letter of flags) bits |= letters[letter] ?? 0;
  try {
    return RE2JS.compile(source, bits);
  } catch {
    return undefined;
  }
}

const boundedMatch = new vm.Script("regex.exec(text)");
const matchContext: { regex: RegExp | undefined; text: string } = { regex: undefined, text: "" };
vm.createContext(matchContext);

/** V8 looks for the end of a script's time at each step back. Time in which this process did not run does not count. */
function boundedExec(regex: RegExp, text: string): RegExpExecArray | null | "limit" {
  matchContext.regex = regex;
  matchContext.text = text;
  for (;;) {
    const before = process.cpuUsage();
    try {
      return boundedMatch.runInContext(matchContext, { timeout: backtrackLimitMs }) as RegExpExecArray | null;
    } catch (error) {
      // Of the context's own class, so not an `Error` of this one.
      if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 >= backtrackLimitMs / 2) return "limit";
    }
  }
}
