import type { IncomingMessage } from "node:http";
import { type Certificate, type CertificateFiles, readCertificate } from "./certificate.ts";
import { type TrustedProxies, trustedProxies } from "./trusted-proxies.ts";
import type { ProxyError } from "../error-envelope.ts";
import type { KeyLimits, Refused, Use } from "./key-limits.ts";
import { goDuration } from "./rate-limit-fields.ts";
import { FrontDoorError } from "../errors.ts";
import { type KeyRing, type KeySources, readKeys } from "./keys.ts";
import type { Caller, KeyLimitRules } from "../request/client-request.ts";
import { digestFiles } from "./watch-files.ts";

/** What the front door is set up with. */
export interface FrontRules {
  readonly keys: KeySources;
  /** Of each key that has none of its own. */
  readonly limits: KeyLimitRules;
  readonly corsOrigins: readonly string[];
  /** Names by which browsers may come to this machine itself, beside its own. */
  readonly allowedHosts: readonly string[];
  /** Labels of keys that are told the use of all. */
  readonly metricsReaders: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly tls: CertificateFiles | undefined;
  readonly connectionsPerAddress: number;
}

/** The front door in its present state; a reload makes a new one. */
export interface FrontDoor {
  readonly rules: FrontRules;
  readonly keys: KeyRing;
  readonly trusted: TrustedProxies;
  readonly certificate: Certificate | undefined;
  /** What its files held just before they were read (`digestFiles`). */
  readonly filesDigest: string;
}

/** Reads keys, certificate and networks. @throws FrontDoorError */
export function openFrontDoor(rules: FrontRules): FrontDoor {
  const filesDigest = digestFiles(watchedFiles(rules));
  const keys = readKeys(rules.keys);
  return {
    rules,
    filesDigest,
    keys,
    trusted: trustedProxies(rules.trustedProxies),
    certificate: rules.tls === undefined ? undefined : readCertificate(rules.tls),
  };
}

/** Keys are lost more often by mistake than on purpose. @throws FrontDoorError where there were some, and the new door would have none */
export function refuseOpening(present: FrontDoor, next: FrontDoor): void {
  if (present.keys.size === 0 || next.keys.size > 0) return;
  throw new FrontDoorError(
    "the settings have no API key any more, and without one everybody would be served; add a key, or restart drover to serve without keys",
  );
}

/** Files whose change is taken on by itself. */
export function watchedFiles(rules: FrontRules): readonly string[] {
  const { keys, tls } = rules;
  return [keys.file, tls?.certificate, tls?.key].filter((file) => file !== undefined);
}

/** Whose key it is; undefined where no keys are set. A wrong or missing key is the error. */
export function authenticate(
  door: FrontDoor,
  request: IncomingMessage,
): { readonly caller: Caller | undefined } | ProxyError {
  if (door.keys.size === 0) return { caller: undefined };
  const caller = door.keys.callerOf(request.headers);
  if (caller !== undefined) return { caller };
  const sent = request.headers.authorization !== undefined || request.headers["x-api-key"] !== undefined;
  return {
    status: 401,
    message: sent ? "the API key is not known here" : "an API key is needed: send Authorization: Bearer KEY",
    code: sent ? "invalid_api_key" : "missing_api_key",
  };
}

/** The label whose use alone the caller may see; undefined: that of all. */
export function useSeenBy({ rules }: FrontDoor, caller: Caller | undefined): string | undefined {
  return caller === undefined || rules.metricsReaders.includes(caller.label) ? undefined : caller.label;
}

/** What a key uses now, of how much. */
export interface KeyUse extends Use {
  readonly label: string;
}

/** Of each key. */
export function keyUse(door: FrontDoor, limits: KeyLimits): readonly KeyUse[] {
  return door.keys.callers.map((caller) => ({
    label: caller.label,
    ...limits.useOf(caller.label, limitsOf(door, caller)),
  }));
}

/** What holds for this caller. */
export function limitsOf({ rules }: FrontDoor, caller: Caller | undefined): KeyLimitRules {
  return caller === undefined ? rules.limits : { ...rules.limits, ...caller.limits };
}

const units = {
  requestsPerMinute: "requests a minute",
  tokensPerMinute: "tokens a minute",
  tokensPerDay: "tokens a day",
};

/** What a caller over its limit is told. */
export function limitError({ reason, limit, retryAfterMs }: Refused): ProxyError {
  if (reason === "concurrency") {
    const message = `no more than ${limit} requests at a time; wait for one to end`;
    return { status: 429, message, code: "concurrency_limit_exceeded" };
  }
  const message = `the limit of ${limit} ${units[reason]} is reached; try again in ${goDuration(retryAfterMs)}`;
  return { status: 429, message, code: "rate_limit_exceeded" };
}
