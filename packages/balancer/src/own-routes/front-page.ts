import type { OwnResponse } from "./own-response.ts";

/** What the front page says of the program behind it. */
export interface FrontPageFacts {
  readonly name: string;
  readonly version: string;
}

/** What can be asked for. A test asks a running Drover for each of them, so that the page stays true. */
const PUBLIC_ROUTES = [
  ["POST", "/v1/chat/completions", "a chat, whole or streamed"],
  ["POST", "/v1/completions", "a text that goes on"],
  ["POST", "/v1/responses", "OpenAI's responses"],
  ["POST", "/v1/messages", "Anthropic's messages"],
  ["POST", "/v1/embeddings", "vectors (with --embeddings)"],
  ["GET", "/v1/models", "the model's name"],
  ["POST", "/tokenize", "a text as tokens; /detokenize goes back"],
  ["GET", "/openapi.json", "every route and parameter"],
  ["GET", "/health", "200 while requests are taken, else 503"],
  ["GET", "/live", "200 while the balancer runs"],
  ["GET", "/slots", "what each slot does"],
  ["GET", "/upstreams", "what each worker does"],
  ["GET", "/metrics", "figures for Prometheus"],
] as const;

const SUMMARY = "An OpenAI-compatible server. The base URL for clients is this address with /v1.";

/** `GET /`: what this is and what to ask it, as text, or as JSON for those who prefer that. `needsKey`: callers send a key. */
export function frontPage(facts: FrontPageFacts, accept: string | undefined, needsKey: boolean): OwnResponse {
  const headers = ["Vary", "Accept"];
  if (prefersJson(accept)) {
    return { status: 200, contentType: "application/json", body: asJson(facts, needsKey), headers };
  }
  return { status: 200, contentType: "text/plain; charset=utf-8", body: asText(facts, needsKey), headers };
}

/** The first of them that `Accept` names; clients name what they like best first. */
function prefersJson(accept = ""): boolean {
  return /text\/html|application\/json|text\/plain/i.exec(accept)?.[0].toLowerCase() === "application/json";
}

function asText({ name, version }: FrontPageFacts, needsKey: boolean): string {
  const rows = PUBLIC_ROUTES.map(([method, path, what]) => `  ${method.padEnd(5)}${path.padEnd(22)}${what}`);
  const key = needsKey ? [keyRule, ""] : [];
  return `${[`${name} ${version}`, "", SUMMARY, "", ...rows, "", ...key].join("\n").trimEnd()}\n`;
}

function asJson(facts: FrontPageFacts, needsKey: boolean): string {
  const routes = PUBLIC_ROUTES.map(([method, path, description]) => ({ method, path, description }));
  return JSON.stringify({ ...facts, needs_key: needsKey, health: "/health", openapi: "/openapi.json", routes });
}

const keyRule = "All but this page, /health and /live need a key: Authorization: Bearer KEY";
