import type { GrammarPart, ParsedGrammar } from "./grammar-parser.ts";
import { hasCode } from "./grammar-rules.ts";

/** What is still to come, first to last; undefined: nothing. Lists with the same parts are the same object. */
export interface Rest {
  readonly part: GrammarPart;
  readonly after: Rest | undefined;
  readonly id: number;
}

/** All parses of a text at once, as llama.cpp does it: each is the list of what it still expects. */
export class GrammarWalk {
  readonly #grammar: ParsedGrammar;
  readonly #rests = new Map<string, Rest>();
  readonly #repeats = new Map<string, GrammarPart>();
  steps = 0;

  constructor(grammar: ParsedGrammar) {
    this.#grammar = grammar;
  }

  start(): Rest | undefined {
    return this.#rest({ kind: "rule", id: 0, name: "root" }, undefined);
  }

  advance(open: ReadonlySet<Rest | undefined>, code: number): ReadonlySet<Rest | undefined> {
    const next: (Rest | undefined)[] = [];
    for (const rest of open) {
      if (rest?.part.kind === "char" && hasCode(rest.part.ranges, code)) next.push(rest.after);
    }
    return this.expand(next);
  }

  /** The same parses with a character, or nothing, as what they expect first. */
  expand(rests: readonly (Rest | undefined)[]): ReadonlySet<Rest | undefined> {
    const seen = new Set<Rest | undefined>();
    const open = new Set<Rest | undefined>();
    const waiting = [...rests];
    while (waiting.length > 0) {
      const rest = waiting.pop();
      this.steps += 1;
      if (seen.has(rest)) continue;
      seen.add(rest);
      if (rest === undefined || rest.part.kind === "char") open.add(rest);
      else waiting.push(...this.#openUp(rest.part, rest.after));
    }
    return open;
  }

  #openUp(
    part: Exclude<GrammarPart, { readonly kind: "char" }>,
    after: Rest | undefined,
  ): readonly (Rest | undefined)[] {
    if (part.kind === "repeat") {
      const skipped = part.least === 0 ? [after] : [];
      if (part.most === 0) return [after];
      return [...skipped, this.#rest(part.of, this.#rest(this.#fewer(part), after))];
    }
    const options = part.kind === "choice" ? part.options : (this.#grammar.get(part.name) ?? []);
    return options.map((option) => option.reduceRight<Rest | undefined>((rest, one) => this.#rest(one, rest), after));
  }

  #fewer(part: Extract<GrammarPart, { readonly kind: "repeat" }>): GrammarPart {
    const least = Math.max(0, part.least - 1);
    const most = part.most - 1;
    const key = `${part.of.id} ${least} ${most}`;
    const known = this.#repeats.get(key);
    if (known !== undefined) return known;
    // Ids of parsed parts are positive.
    const fewer = { ...part, least, most, id: -1 - this.#repeats.size };
    this.#repeats.set(key, fewer);
    return fewer;
  }

  #rest(part: GrammarPart, after: Rest | undefined): Rest {
    const key = `${part.kind === "rule" ? part.name : part.id} ${after?.id ?? ""}`;
    const known = this.#rests.get(key);
    if (known !== undefined) return known;
    const rest = { part, after, id: this.#rests.size };
    this.#rests.set(key, rest);
    return rest;
  }
}
