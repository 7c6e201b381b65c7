import { request } from "node:http";
import { SECRET_HEADER } from "@drover/contract/headers";

/** One real token of a worker that takes no traffic yet. */
export type AskCanary = (worker: {
  readonly port: number;
  readonly secret: string;
  readonly model: string;
  readonly timeoutMs: number;
}) => Promise<CanaryResult>;

/** `reason`: what the worker did instead of responding. */
export type CanaryResult = { readonly isAlive: true } | { readonly isAlive: false; readonly reason: string };

/** Asks the worker's own port for one token. Never rejects. */
export const askCanary: AskCanary = ({ port, secret, model, timeoutMs }) =>
  new Promise((resolve) => {
    const fail = (reason: string) => resolve({ isAlive: false, reason });
    const sent = request({
      host: "127.0.0.1",
      port,
      method: "POST",
      path: "/v1/completions",
      headers: { "content-type": "application/json", [SECRET_HEADER]: secret },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    sent.on("error", (error) => fail(error.name === "AbortError" ? `no token within ${timeoutMs} ms` : error.message));
    sent.on("response", (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve({ isAlive: true });
        else fail(`it responded with ${response.statusCode} to a first request`);
      });
      response.on("error", (error) => fail(error.message));
    });
    sent.end(JSON.stringify({ model, prompt: "Hello", max_tokens: 1 }));
  });
