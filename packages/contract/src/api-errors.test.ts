import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorBody, errorEvent } from "./api-errors.ts";

const typeOf = (status: number, api: "openai" | "anthropic", from?: "proxy" | "worker"): string => {
  const body = errorBody({ status, message: "m", code: "c", ...(from && { from }) }, api);
  return (body as { error: { type: string } }).error.type;
};

describe("an error for a client", () => {
  it("has OpenAI's envelope, and a type that tells the proxy's own errors from a worker's", () => {
    assert.deepEqual(errorBody({ status: 400, message: "m", code: "c", param: "p" }, "openai"), {
      error: { message: "m", type: "invalid_request_error", code: "c", param: "p" },
    });
    const statuses = [400, 401, 404, 429, 500, 503];
    assert.deepEqual(
      statuses.map((status) => typeOf(status, "openai")),
      [
        "invalid_request_error",
        "authentication_error",
        "invalid_request_error",
        "rate_limit_error",
        "server_error",
        "server_error",
      ],
    );
    assert.deepEqual(
      statuses.map((status) => typeOf(status, "openai", "proxy")),
      [
        "proxy_request_error",
        "proxy_authentication_error",
        "proxy_request_error",
        "proxy_rate_limit_error",
        "proxy_error",
        "proxy_error",
      ],
    );
  });

  it("has Anthropic's envelope and types below its routes, whoever says it", () => {
    assert.deepEqual(errorBody({ status: 503, message: "m", code: null }, "anthropic"), {
      type: "error",
      error: { message: "m", type: "overloaded_error", code: null, param: null },
    });
    for (const from of ["proxy", "worker"] as const)
      assert.deepEqual(
        [400, 401, 403, 404, 413, 429, 500, 502, 503, 504].map((status) => typeOf(status, "anthropic", from)),
        [
          "invalid_request_error",
          "authentication_error",
          "permission_error",
          "not_found_error",
          "request_too_large",
          "rate_limit_error",
          "api_error",
          "api_error",
          "overloaded_error",
          "timeout_error",
        ],
      );
  });

  it("ends a stream as an event of its own", () => {
    const event = errorEvent({ status: 502, message: "two\nlines", code: "upstream_died", from: "proxy" }, "openai");
    assert.match(event, /^event: error\ndata: \{[^\n]*\}\n\n$/);
  });
});
