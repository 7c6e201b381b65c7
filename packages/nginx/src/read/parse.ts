import { commandLine, type ConfigPosition, NginxConfigError } from "../errors.ts";
import { systemError, toPath } from "../system-error.ts";
import type { ConfigFiles } from "./config-files.ts";
import type { Context, DirectiveRule } from "./directive-rule.ts";
import { rulesFor } from "./directives.ts";
import { readSentences, type Sentence } from "./lexer.ts";

/** One directive with its arguments. `block` is there for blocks of directives, `rows` for free ones (`map`, `types`). */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly position: ConfigPosition;
  readonly block?: readonly Directive[];
  readonly rows?: readonly Row[];
}

export interface Row {
  readonly words: readonly string[];
  readonly position: ConfigPosition;
}

export interface IgnoredDirective {
  readonly name: string;
  readonly position: ConfigPosition;
  readonly why: string;
}

/** A directive that nginx can do and Drover cannot, with the reason. */
export interface RefusedDirective {
  readonly directive: Directive;
  readonly why: string;
  /** Of a module that Drover does not know: nobody can tell what it does. */
  readonly isUnknown?: true;
}

export interface ParsedConfig {
  readonly directives: readonly Directive[];
  /** Left out, where `refused` was "collect". */
  readonly refused: readonly RefusedDirective[];
  /** Each with what it says, in the order they were read: what `-T` prints. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly ignored: readonly IgnoredDirective[];
}

/** nginx recurses until it runs out of memory; deeper than this is a mistake or an attack. */
const deepest = 64;

export interface ParseOptions {
  /** Where relative names start (nginx's configuration prefix: the directory of the main file). */
  readonly prefix: string;
  /** Directives from `-g`, read before the file as nginx does. @default none */
  readonly globals?: string | undefined;
  /** The context the file itself is in. @default "main" */
  readonly top?: "main" | "http";
  /** What is done with a directive that Drover cannot do: an error, or it is left out and listed. @default "throw" */
  readonly refused?: "throw" | "collect";
}

/**
 * Reads an nginx configuration file and all it includes, and checks each directive against the tables: known, allowed here, its
 * number of arguments, with or without a block. Values are checked later, by `translate`.
 *
 * @throws NginxConfigError with nginx's own message; `NGINX_UNSUPPORTED` for what nginx knows and Drover cannot do.
 */
export function parseConfig(path: string, files: ConfigFiles, options: ParseOptions): ParsedConfig {
  const { prefix, globals = "", top = "main", refused = "throw" } = options;
  const parser = new Parser(files, prefix, refused);
  const directives: Directive[] = [];
  if (globals !== "") directives.push(...parser.text(globals, commandLine, "main", 0));
  directives.push(...parser.file(path, undefined, top, 0));
  return { directives, files: parser.files, ignored: parser.ignored, refused: parser.refused };
}

class Parser {
  readonly files: { path: string; text: string }[] = [];
  readonly ignored: IgnoredDirective[] = [];
  readonly refused: RefusedDirective[] = [];
  readonly #source: ConfigFiles;
  readonly #prefix: string;
  readonly #collects: boolean;

  constructor(source: ConfigFiles, prefix: string, refused: "throw" | "collect") {
    this.#source = source;
    this.#prefix = prefix;
    this.#collects = refused === "collect";
  }

  file(path: string, from: ConfigPosition | undefined, context: Context, depth: number): Directive[] {
    return this.text(this.#open(path, from), path, context, depth);
  }

  text(text: string, name: string, context: Context, depth: number): Directive[] {
    return this.#directives(readSentences(text, name), context, depth, "file");
  }

  #open(path: string, from: ConfigPosition | undefined): string {
    try {
      const text = this.#source.read(path);
      if (!this.files.some((file) => file.path === path)) this.files.push({ path, text });
      return text;
    } catch (error) {
      const message = `open() "${toPath(path)}" failed (${systemError(error)})`;
      throw from === undefined ? new NginxConfigError(message) : NginxConfigError.at(from, message);
    }
  }

  #directives(
    sentences: Iterator<Sentence, void>,
    context: Context,
    depth: number,
    inside: "file" | "block",
  ): Directive[] {
    const found: Directive[] = [];
    for (const { words, end, position } of untilEnd(sentences, inside)) {
      const [name = "", ...args] = words;
      if (this.#collects && this.#leaveOut({ name, args, position })) {
        if (end === "{") skipBlock(sentences);
        continue;
      }
      const rule = checkedRule(name, args, end, context, position);
      if (depth >= deepest) throw NginxConfigError.at(position, `"${name}" is nested more than ${deepest} levels deep`);
      if (name === "include") {
        found.push(...this.#include(args[0] ?? "", position, context, depth + 1));
        continue;
      }
      const directive = this.#blockOf({ name, args, position }, rule, sentences, context, depth + 1);
      if (rule.treatment.kind === "supported") found.push(directive);
    }
    return found;
  }

  /** Whether Drover cannot do it, or does not know it; then how it is written is no matter. */
  #leaveOut(directive: Directive): boolean {
    const rules = rulesFor(directive.name);
    if (rules.length === 0) this.refused.push({ directive, why: "unknown directive", isUnknown: true });
    else if (rules.some(({ treatment }) => treatment.kind !== "refused")) return false;
    else this.#treat(directive, rules[0] as DirectiveRule);
    return true;
  }

  #include(pattern: string, position: ConfigPosition, context: Context, depth: number): Directive[] {
    const full = this.#source.resolve(this.#prefix, pattern);
    return this.#source.glob(full).flatMap((path) => this.file(path, position, context, depth));
  }

  #blockOf(
    directive: Directive,
    rule: DirectiveRule,
    sentences: Iterator<Sentence, void>,
    context: Context,
    depth: number,
  ): Directive {
    // What is refused is refused at its own line, not at a line inside of it.
    this.#treat(directive, rule);
    if (rule.block === "none") return directive;
    if (rule.block === "free") return { ...directive, rows: this.#rows(sentences, depth, "block") };
    return { ...directive, block: this.#directives(sentences, contextInside(rule, context), depth, "block") };
  }

  #rows(sentences: Iterator<Sentence, void>, depth: number, inside: "file" | "block"): Row[] {
    const rows: Row[] = [];
    for (const { words, end, position } of untilEnd(sentences, inside)) {
      if (end === "{") throw NginxConfigError.at(position, 'unexpected "{"');
      const [first, pattern = ""] = words;
      if (first === "include" && words.length === 2 && depth < deepest) {
        for (const path of this.#source.glob(this.#source.resolve(this.#prefix, pattern))) {
          rows.push(...this.#rows(readSentences(this.#open(path, position), path), depth + 1, "file"));
        }
      } else {
        rows.push({ words, position });
      }
    }
    return rows;
  }

  #treat({ name, args, position }: Directive, { treatment }: DirectiveRule): void {
    if (treatment.kind === "supported") return;
    if (treatment.kind === "ignored") {
      this.ignored.push({ name, position, why: treatment.why });
      return;
    }
    if (treatment.harmless?.(args) === true) return;
    if (this.#collects) {
      this.refused.push({ directive: { name, args, position }, why: treatment.why });
      return;
    }
    throw NginxConfigError.unsupported(position, `directive "${name}"`, treatment.why);
  }
}

/** Reads on to the end of a block whose directives are no matter. */
function skipBlock(sentences: Iterator<Sentence, void>): void {
  for (const { end } of untilEnd(sentences, "block")) if (end === "{") skipBlock(sentences);
}

function* untilEnd(
  sentences: Iterator<Sentence, void>,
  inside: "file" | "block",
): Generator<Extract<Sentence, { end: ";" | "{" }>> {
  for (;;) {
    const { value: sentence } = sentences.next();
    if (sentence === undefined) return;
    const { end, position } = sentence;
    if (end === "}" && inside === "file") throw NginxConfigError.at(position, 'unexpected "}"');
    if (end === "eof" && inside === "block") {
      throw NginxConfigError.at(position, 'unexpected end of file, expecting "}"');
    }
    if (sentence.end === "}" || sentence.end === "eof") return;
    yield sentence;
  }
}

/** The checks of nginx's `ngx_conf_handler`, in its order. */
function checkedRule(
  name: string,
  args: readonly string[],
  end: ";" | "{",
  context: Context,
  position: ConfigPosition,
): DirectiveRule {
  const rules = rulesFor(name);
  if (rules.length === 0) throw NginxConfigError.at(position, `unknown directive "${name}"`);
  const rule = rules.find(({ contexts }) => contexts.includes(context));
  if (rule === undefined) throw NginxConfigError.at(position, `"${name}" directive is not allowed here`);
  if (rule.block === "none" && end === "{") {
    throw NginxConfigError.at(position, `directive "${name}" is not terminated by ";"`);
  }
  if (rule.block !== "none" && end === ";") {
    throw NginxConfigError.at(position, `directive "${name}" has no opening "{"`);
  }
  if (args.length < rule.fewestArgs || args.length > rule.mostArgs) {
    throw NginxConfigError.at(position, `invalid number of arguments in "${name}" directive`);
  }
  if (rule.isFlag && !/^(?:on|off)$/i.test(args[0] ?? "")) {
    throw NginxConfigError.at(
      position,
      `invalid value "${args[0] ?? ""}" in "${name}" directive, it must be "on" or "off"`,
    );
  }
  return rule;
}

/** Every block of directives but `if` is a context of its own name. */
function contextInside({ name }: DirectiveRule, context: Context): Context {
  if (name === "if") return context === "server" ? "server if" : "location if";
  return name as Context;
}
