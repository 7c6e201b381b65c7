/** A part of a model that was cut with llama-gguf-split, such as `big-00002-of-00003.gguf`. */
export interface SplitPart {
  readonly part: number;
  readonly parts: number;
  /** The same name for another part, counted from 1. */
  readonly nameOf: (part: number) => string;
}

/** The names of all parts of a model in their order; its own where it is in one piece. */
export function partNames(name: string): readonly string[] {
  const split = splitPart(name);
  return split === undefined ? [name] : Array.from({ length: split.parts }, (_, index) => split.nameOf(index + 1));
}

/** The name of a model's first part, or its own where it is in one piece. */
export function firstPart(name: string): string {
  return splitPart(name)?.nameOf(1) ?? name;
}

/** What a path or URL path says about parts; undefined for a model in one piece. Source: llama.cpp `llama_split_path`. */
export function splitPart(name: string): SplitPart | undefined {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(name);
  if (match === null) return undefined;
  const [, prefix, part, parts] = match;
  const nameOf = (wanted: number): string => `${prefix}-${String(wanted).padStart(5, "0")}-of-${parts}.gguf`;
  return { part: Number(part), parts: Number(parts), nameOf };
}
