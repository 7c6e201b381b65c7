import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import type { Directive } from "./parse.ts";
import { parseSize, parseTime } from "./units.ts";

/** Directives that may stand several times in one block. */
const repeatable = new Set(
  `server upstream location listen server_name map log_format set return if allow deny add_header error_page access_log error_log
   proxy_set_header proxy_hide_header proxy_pass_header proxy_redirect ssl_certificate ssl_certificate_key types`.split(
    /\s+/,
  ),
);

/** A block with those around it: where inherited directives are looked up. */
export class Scope {
  readonly #own = new Map<string, Directive[]>();
  readonly #parent: Scope | undefined;
  readonly #all: readonly Directive[];

  /** @throws NginxConfigError `"x" directive is duplicate`. */
  constructor(directives: readonly Directive[], parent?: Scope) {
    this.#parent = parent;
    this.#all = directives;
    for (const directive of directives) {
      const same = this.#own.get(directive.name);
      if (same === undefined) this.#own.set(directive.name, [directive]);
      else if (repeatable.has(directive.name)) same.push(directive);
      else throw NginxConfigError.at(directive.position, `"${directive.name}" directive is duplicate`);
    }
  }

  /** All of this name in this block. */
  own(name: string): readonly Directive[] {
    return this.#own.get(name) ?? [];
  }

  /** All of this name in the nearest block that has any: nginx's rule for lists. */
  many(name: string): readonly Directive[] {
    return this.#own.get(name) ?? this.#parent?.many(name) ?? [];
  }

  /** As `many`, for names that are one list, in the order of the file. */
  manyOf(names: readonly string[]): readonly Directive[] {
    const own = this.#all.filter(({ name }) => names.includes(name));
    return own.length === 0 ? (this.#parent?.manyOf(names) ?? []) : own;
  }

  one(name: string): Directive | undefined {
    return this.many(name)[0];
  }

  isOn(name: string, fallback: boolean): boolean {
    const word = this.one(name)?.args[0];
    return word === undefined ? fallback : word.toLowerCase() === "on";
  }

  timeMs(name: string, fallbackMs: number, precision: "ms" | "s" = "ms"): number {
    const directive = this.one(name);
    return directive === undefined ? fallbackMs : (parseTime(directive.args[0] ?? "", precision) ?? invalid(directive));
  }

  sizeBytes(name: string, fallbackBytes: number): number {
    const directive = this.one(name);
    return directive === undefined ? fallbackBytes : (parseSize(directive.args[0] ?? "") ?? invalid(directive));
  }

  count(name: string, fallback: number): number {
    const directive = this.one(name);
    if (directive === undefined) return fallback;
    const word = directive.args[0] ?? "";
    if (!/^\d{1,9}$/.test(word)) throw NginxConfigError.at(directive.position, `"${name}" directive invalid number`);
    return Number(word);
  }

  /** One of a fixed set of words. */
  word<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const directive = this.one(name);
    if (directive === undefined) return fallback;
    const found = words.find((word) => word === directive.args[0]?.toLowerCase());
    if (found === undefined) throw invalidValue(directive.position, directive.args[0] ?? "");
    return found;
  }
}

/** `invalid value "x"`, as nginx says it for words out of a fixed set. */
export function invalidValue(position: ConfigPosition, value: string): NginxConfigError {
  return NginxConfigError.at(position, `invalid value "${value}"`);
}

export function invalidParameter(position: ConfigPosition, value: string): NginxConfigError {
  return NginxConfigError.at(position, `invalid parameter "${value}"`);
}

function invalid(directive: Directive): never {
  throw NginxConfigError.at(directive.position, `"${directive.name}" directive invalid value`);
}
