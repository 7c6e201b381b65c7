import type { FastifyRequest } from "fastify";
import { badField } from "../errors.ts";

/** Fastify's body parser for every content type. */
export async function parseJson(_request: FastifyRequest, bytes: Buffer): Promise<unknown> {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badField(null, `We could not parse the JSON body of your request: ${reason}`, "invalid_json");
  }
}
