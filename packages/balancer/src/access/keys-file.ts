import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { messageOf } from "@drover/foundation/error-text";
import { isNestedTooDeep, MOST_YAML_LEVELS } from "@drover/foundation/texts";
import { FrontDoorError } from "../errors.ts";
import type { KeyLimitRules } from "../request/client-request.ts";

/** A key as it is written down. */
export interface WrittenKey {
  /** `KEY` or `label=KEY`. */
  readonly line: string;
  /** Its own, instead of those of the settings. */
  readonly limits: Partial<KeyLimitRules>;
}

/**
 * Reads a keys file: one `KEY` or `label=KEY` a line, empty lines and `#` comments skipped; or YAML, `keys:` with a row for each label, such as
 * `team: { key: s3cret, tokensPerDay: 1000000 }`. A file without a key is an error, and no way to serve everybody: it is emptied more often by mistake than
 * on purpose.
 * @throws FrontDoorError
 */
export function readKeysFile(file: string): readonly WrittenKey[] {
  const text = textOf(file);
  const lines = text.split("\n").map((line) => line.trim());
  const written = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const keys = /^keys:(?:\s|$)/.test(written[0] ?? "")
    ? rowsOf(text, file)
    : written.map((line) => ({ line, limits: {} }));
  if (keys.length > 0) return keys;
  throw new FrontDoorError(
    `${file} has no API key, and without one everybody would be served; add a key, or take apiKeysFile out of the settings`,
  );
}

function textOf(file: string): string {
  try {
    // One could wait for ever for what a pipe has to say.
    const found = statSync(file);
    if (!found.isFile()) throw new Error("it is no file");
    if ((found.mode & OTHERS_WRITE) !== 0) throw new Error("everybody can write to it, and so add a key: chmod o-w");
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new FrontDoorError(`the API keys in ${file} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

const OTHERS_WRITE = 0o002;

const limitNames = ["requestsPerMinute", "tokensPerMinute", "tokensPerDay", "concurrency"] as const;

/** No message repeats what stands in the file but names: the rest may be a key. */
function rowsOf(text: string, file: string): readonly WrittenKey[] {
  if (isNestedTooDeep(text)) throw new FrontDoorError(`${file}: it is nested deeper than ${MOST_YAML_LEVELS} levels`);
  // Loaded here, since most keys files are none and it takes as long to load as Node to start.
  const { parseDocument } = createRequire(import.meta.url)("yaml") as typeof Yaml;
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    throw new FrontDoorError(`${file}:${line}: this is no YAML (${error.code})`);
  }
  const { keys, ...others } = valueOf(document, file);
  const [other] = Object.keys(others);
  if (other !== undefined) throw new FrontDoorError(`${file}: unknown name ${other}; beside "keys" there is none`);
  if (!isRecord(keys)) {
    throw new FrontDoorError(
      `${file}: "keys" has to hold a row for each label: LABEL: { key: KEY, tokensPerDay: 1000000 }`,
    );
  }
  return Object.entries(keys).map(([label, row]) => keyOf(label, row, file));
}

/** A few aliases of aliases would make as many rows as memory holds. */
function valueOf(document: Yaml.Document, file: string): { readonly keys?: unknown } {
  try {
    return document.toJS({ maxAliasCount: 0 }) as { readonly keys?: unknown };
  } catch (error) {
    throw new FrontDoorError(`${file}: aliases (*name) are not read here; write each row out`, { cause: error });
  }
}

function keyOf(label: string, row: unknown, file: string): WrittenKey {
  const { key, ...limits }: Record<string, unknown> = isRecord(row) ? row : { key: row };
  if (typeof key !== "string" || key === "") {
    throw new FrontDoorError(`${file}: ${label} has no key; write ${label}: { key: "KEY" }`);
  }
  for (const [name, value] of Object.entries(limits)) {
    if (!limitNames.some((known) => known === name)) {
      throw new FrontDoorError(`${file}: ${label} has an unknown limit ${name}; known are ${limitNames.join(", ")}`);
    }
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw new FrontDoorError(`${file}: ${name} of ${label} has to be a whole number; 0 is no limit`);
    }
  }
  return { line: `${label}=${key}`, limits };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
