/** Names of the headers that Drover reads or writes between its processes or for its clients, in lower case as Node has them. */

/** Request and response: one id for a request in every log; see request-id.ts. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Request to a worker: the secret that its supervisor gave it. */
export const SECRET_HEADER = "x-drover-secret";

/**
 * Request: a UUID that names the request, and the bytes of the response's body that the client already has. Response: those bytes, where the
 * body begins behind them and another worker could resume it again.
 */
export const RESUME_HEADER = "x-drover-resume";

/**
 * Request to a worker: whose it is, and what of its kept state requests of others may use (`own`, `system` or `all`). Without keys
 * it is the client's address, and everything is everybody's.
 */
export const OWNER_HEADER = "x-drover-owner";

/** Request to a worker: by what its report names the request (`RequestReport`). */
export const CALL_HEADER = "x-drover-call";

/** Request to a worker: the balancer keeps the response; behind a blank, the id of the response that it continues, whose items the body has already. */
export const RESPONSE_STORE_HEADER = "x-drover-response-store";

/**
 * Request to a worker: the balancer passes on what a head with the status 102 says in this header, which is text, percent-encoded, for the event stream that the
 * response is. With `pings` comments are welcome, with `asked` only what the client asked for.
 */
export const INTERJECT_HEADER = "x-drover-interject";

/** Request: `1` asks for comments while a stream waits, whatever `balancer.streamPings` says. */
export const QUEUE_EVENTS_HEADER = "x-drover-queue-events";

/** Response on the public port: the worker that served the request. */
export const WORKER_HEADER = "x-drover-worker";

/** Request of the console: the admin key. */
export const ADMIN_KEY_HEADER = "x-drover-admin-key";

/** Response: the parameters of the request that had no effect. */
export const IGNORED_HEADER = "x-drover-ignored";
