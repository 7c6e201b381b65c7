/** The blocks a directive can stand in, by their letters in the tables. `if` in a server and in a location differ in nginx too. */
export const contexts = {
  M: "main",
  E: "events",
  H: "http",
  S: "server",
  L: "location",
  U: "upstream",
  s: "server if",
  l: "location if",
  x: "limit_except",
} as const;

export type Context = (typeof contexts)[keyof typeof contexts];

/** What Drover does with a directive. */
export type Treatment =
  | { readonly kind: "supported" }
  /** Makes no difference to what a client sees; `why` is printed in the list of ignored directives. */
  | { readonly kind: "ignored"; readonly why: string }
  /** Would make a difference: reading the configuration fails, unless `harmless` says these words ask for nothing. */
  | { readonly kind: "refused"; readonly why: string; readonly harmless?: (args: readonly string[]) => boolean };

export interface DirectiveRule {
  readonly name: string;
  readonly contexts: readonly Context[];
  readonly fewestArgs: number;
  readonly mostArgs: number;
  readonly isFlag: boolean;
  /** `free`: what stands inside are not directives but rows of words (`types`, `map`). */
  readonly block: "none" | "directives" | "free";
  readonly treatment: Treatment;
}

/** A row of a table: names (apart by blanks), contexts, arguments (`1`, `0`, `1-2`, `1+`, `on|off`; then `{}` or `{free}` for a block), treatment. */
export type DirectiveRow = readonly [names: string, contexts: string, args: string, treatment: Treatment];

export const supported: Treatment = { kind: "supported" };

export function ignored(why: string): Treatment {
  return { kind: "ignored", why };
}

export function refused(why: string): Treatment {
  return { kind: "refused", why };
}

/** Refused unless its only word is `off` (or another word that asks for nothing). */
export function refusedUnless(word: string, why: string): Treatment {
  return { kind: "refused", why, harmless: (args) => args.length === 1 && args[0] === word };
}
