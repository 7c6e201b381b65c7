import { isSameDigest, secretDigest } from "@drover/contract/secrets";
import type { IncomingHttpHeaders } from "node:http";
import { FrontDoorError } from "../errors.ts";
import type { Caller } from "../request/client-request.ts";
import { readKeysFile, type WrittenKey } from "./keys-file.ts";

/** The keys that are let in, kept as digests only. */
export interface KeyRing {
  readonly size: number;
  /** Each label once. */
  readonly callers: readonly Caller[];
  /** Who sent it; undefined for no key or a wrong one. Takes as long for a near miss as for any other. */
  callerOf(headers: IncomingHttpHeaders): Caller | undefined;
}

export interface KeySources {
  /** `KEY` or `label=KEY`. */
  readonly keys: readonly string[];
  /** See `readKeysFile`. */
  readonly file: string | undefined;
}

/**
 * Reads all keys.
 * @throws FrontDoorError when the file cannot be read or has no key, or a key is too short to be one
 */
export function readKeys(sources: KeySources): KeyRing {
  const known = writtenIn(sources).map((written, index) => readKey(written, index));
  return {
    size: known.length,
    callers: [...new Map(known.map(({ caller }) => [caller.label, caller])).values()],
    callerOf(headers) {
      const sent = sentKey(headers);
      if (sent === undefined) return undefined;
      const digest = secretDigest(sent);
      let caller: Caller | undefined;
      // All are compared, so that the time tells nothing of which one it was.
      for (const key of known) if (isSameDigest(key.digest, digest)) caller = key.caller;
      return caller;
    },
  };
}

const shortest = 4;
/** No client could send any other one as a bearer token; a file that a crash has filled with zeros has such. */
const sendable = /^[\x21-\x7e]*$/;
const ownerBytes = 16;

/** A key that is let in, for who asks on the operator's behalf; undefined: nobody needs one. @throws FrontDoorError when the file cannot be read */
export function firstKey(sources: KeySources): string | undefined {
  const [first] = writtenIn(sources);
  return first === undefined ? undefined : splitKey(first.line).key;
}

function readKey({ line, limits }: WrittenKey, index: number): { readonly caller: Caller; readonly digest: Buffer } {
  const { label, key } = splitKey(line);
  if (key.length < shortest) {
    throw new FrontDoorError(`API key ${index + 1} has fewer than ${shortest} characters; choose a longer one`);
  }
  if (!sendable.test(key)) {
    throw new FrontDoorError(
      `API key ${index + 1} has blanks, control characters or letters beyond ASCII, which no client can send; choose another one`,
    );
  }
  const stateOwner = secretDigest(label === undefined ? `key ${key}` : `label ${label}`).toString("hex", 0, ownerBytes);
  return { caller: { label: label ?? `key${index + 1}`, stateOwner, limits }, digest: secretDigest(key) };
}

/** Letters and digits of any script. */
const label = /^[\p{L}\p{M}\p{N}_.@-]{1,64}$/u;

/** A `=` at the end belongs to the key where that is base64; behind anything else a key is missing, such as one in a variable that is not set. */
function splitKey(line: string): { readonly label?: string | undefined; readonly key: string } {
  const [, named = "", key] = /^([^=]*)=+([^=].*)$/s.exec(line) ?? [];
  if (key === undefined) {
    if (!line.endsWith("=") || isBase64(line)) return { key: line };
    throw new FrontDoorError('an API key is no more than a label, the part before "=": write LABEL=KEY');
  }
  if (label.test(named)) return { label: named, key: line.slice(named.length + 1) };
  throw new FrontDoorError(
    `an API key has a label, the part before "=", that can't be one: it may have up to 64 letters, digits, "_", ".", "@" and "-"; write LABEL=KEY`,
  );
}

const shortestBase64 = 12;

function isBase64(text: string): boolean {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return text.length >= shortestBase64 && Buffer.from(standard, "base64").toString("base64") === standard;
}

function writtenIn({ keys, file }: KeySources): readonly WrittenKey[] {
  return [...keys.map((line) => ({ line, limits: {} })), ...(file === undefined ? [] : readKeysFile(file))];
}

/** `Authorization: Bearer KEY`, or Anthropic's `x-api-key`. */
function sentKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const other = headers["x-api-key"];
  return bearer ?? (typeof other === "string" ? other : undefined);
}
