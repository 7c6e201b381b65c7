import { OWNER_HEADER } from "@drover/contract/headers";
import type { FastifyRequest } from "fastify";
import type { Generator, Owner } from "../generation-contract.ts";
import type { Serving } from "./serving.ts";

const OWNER = /^([0-9a-f]{1,128}) (own|system|all)$/;

/** What serves this one request, in the name of its owner where the balancer says one. */
export function inOwnersName(serving: Serving, request: FastifyRequest): Serving {
  const [, id, shares] = OWNER.exec(String(request.headers[OWNER_HEADER] ?? "")) ?? [];
  if (id === undefined) return serving;
  const owner: Owner = { id, shares: shares as Owner["shares"] };
  const { generator } = serving;
  const inItsName: Generator = {
    contextTokens: generator.contextTokens,
    generate: (generation, sink) => generator.generate({ ...generation, owner }, sink),
    readAhead: (expected) => generator.readAhead?.({ ...expected, owner }),
    inKeptTokens: (expected) => generator.inKeptTokens?.({ ...expected, owner }) ?? expected.prompt,
  };
  return { ...serving, generator: inItsName, sharesSystem: owner.shares === "system" };
}
