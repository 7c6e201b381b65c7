/** Whose API a route belongs to: it decides how errors are written. */
export type ApiFamily = "openai" | "anthropic" | "llama-server" | "ollama";

/** One route of a worker: what the balancer and the worker both know of it. */
export interface ApiRoute {
  readonly method: "GET" | "POST";
  /** `*` at its end stands for anything. */
  readonly path: string;
  readonly api: ApiFamily;
  readonly summary: string;
  /** It computes in a slot, so a request needs a lease. All others run beside the slots. */
  readonly takesSlot?: true;
  /** It generates text: a prompt whose prefix a worker may still hold, and a response that can stream and be resumed on another worker. */
  readonly generates?: true;
}

/** A route that generates. */
function generation<const Path extends string>(path: Path, api: ApiFamily, summary: string) {
  return { method: "POST", path, api, summary, takesSlot: true, generates: true } as const;
}

/** Every route of a worker. A new one is a row here, and its handler in worker/src/api/routes.ts. */
export const apiRoutes = [
  generation("/v1/chat/completions", "openai", "Respond to a chat (OpenAI)"),
  generation("/v1/completions", "openai", "Continue a text (OpenAI)"),
  { method: "POST", path: "/v1/embeddings", api: "openai", summary: "Vectors of texts (OpenAI)", takesSlot: true },
  generation("/v1/responses", "openai", "Respond to a chat (OpenAI's responses)"),
  { method: "POST", path: "/v1/responses/input_tokens", api: "openai", summary: "Count a response's tokens (OpenAI)" },
  generation("/v1/messages", "anthropic", "Respond to a chat (Anthropic)"),
  { method: "POST", path: "/v1/messages/count_tokens", api: "anthropic", summary: "Count a chat's tokens (Anthropic)" },
  generation("/completion", "llama-server", "Continue a text (llama.cpp)"),
  generation("/infill", "llama-server", "Fill in a text (llama.cpp)"),
  { method: "POST", path: "/embedding", api: "llama-server", summary: "Vectors of texts (llama.cpp)", takesSlot: true },
  { method: "POST", path: "/apply-template", api: "llama-server", summary: "The prompt of a chat, as text" },
  { method: "GET", path: "/lora-adapters", api: "llama-server", summary: "Adapters: there are none" },
  generation("/api/chat", "ollama", "Respond to a chat (Ollama)"),
  generation("/api/generate", "ollama", "Respond to a prompt (Ollama)"),
  { method: "POST", path: "/api/embed", api: "ollama", summary: "Vectors of texts (Ollama)", takesSlot: true },
  { method: "POST", path: "/api/embeddings", api: "ollama", summary: "A text's vector (Ollama)", takesSlot: true },
  { method: "GET", path: "/api/tags", api: "ollama", summary: "The model (Ollama)" },
  { method: "GET", path: "/api/ps", api: "ollama", summary: "The model, which is loaded (Ollama)" },
  { method: "POST", path: "/api/show", api: "ollama", summary: "Facts about the model (Ollama)" },
  { method: "GET", path: "/api/version", api: "ollama", summary: "The version of Ollama's API" },
  { method: "POST", path: "/api/pull", api: "ollama", summary: "Refused: the model is chosen at start (Ollama)" },
  { method: "POST", path: "/api/create", api: "ollama", summary: "Refused: the model is chosen at start (Ollama)" },
  { method: "POST", path: "/api/copy", api: "ollama", summary: "Refused: the model is chosen at start (Ollama)" },
  { method: "POST", path: "/api/push", api: "ollama", summary: "Refused: the model is chosen at start (Ollama)" },
  { method: "POST", path: "/tokenize", api: "llama-server", summary: "Text to tokens" },
  { method: "POST", path: "/detokenize", api: "llama-server", summary: "Tokens to text" },
  { method: "GET", path: "/v1/models", api: "openai", summary: "The model" },
  { method: "GET", path: "/v1/models/*", api: "openai", summary: "The model, by its id" },
  { method: "GET", path: "/health", api: "llama-server", summary: "Whether the worker is well, and how busy" },
  { method: "GET", path: "/v1/health", api: "llama-server", summary: "The same" },
  { method: "GET", path: "/slots", api: "llama-server", summary: "What each slot does" },
  { method: "GET", path: "/steps", api: "llama-server", summary: "What steps cost" },
  { method: "GET", path: "/openapi.json", api: "openai", summary: "This API as an OpenAPI document" },
  { method: "GET", path: "/props", api: "llama-server", summary: "Facts about the model, and defaults" },
] as const satisfies readonly ApiRoute[];

/** A route by its method and path, such as `POST /v1/messages`. */
export type RouteName = (typeof apiRoutes)[number] extends infer Route
  ? Route extends ApiRoute
    ? `${Route["method"]} ${Route["path"]}`
    : never
  : never;

/** The route of a request; undefined for one that no worker has. `target` may have a query; HEAD goes where GET does. */
export function findRoute(method: string | undefined, target: string): ApiRoute | undefined {
  return routeAt(method, pathOf(target));
}

/** The same by the path that `pathOf` makes of a target. */
export function routeAt(method: string | undefined, path: string): ApiRoute | undefined {
  const verb = method === "HEAD" ? "GET" : method;
  return EXACT.get(`${verb} ${path}`) ?? WITH_REST.find((route) => verb === route.method && isAt(route, path));
}

/** Methods that there are for a path; none: there is no such path. */
export function methodsOf(target: string): readonly string[] {
  const path = pathOf(target);
  return (apiRoutes as readonly ApiRoute[]).filter((route) => isAt(route, path)).map(({ method }) => method);
}

/** Who asks: a request, or what is known of one that could not be parsed. */
export interface Asker {
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Whose API is spoken: by the path, or, where a path is in both APIs, by the header that each client of Anthropic's sends. */
export function apiOf({ url, headers }: Asker): ApiFamily {
  if (isOllamas(url)) return "ollama";
  if (headers?.["anthropic-version"] !== undefined) return "anthropic";
  return url !== undefined && /^(?:\/v1)?\/messages(?:[/?]|$)/.test(url) ? "anthropic" : "openai";
}

/** What a stream of that API consists of: server-sent events, or lines of JSON. */
export function streamForm({ url }: Asker): "events" | "lines" {
  return isOllamas(url) ? "lines" : "events";
}

function isOllamas(url: string | undefined): boolean {
  return url?.startsWith("/api/") === true;
}

const EXACT: ReadonlyMap<string, ApiRoute> = new Map(
  (apiRoutes as readonly ApiRoute[]).map((route) => [`${route.method} ${route.path}`, route]),
);
const WITH_REST = (apiRoutes as readonly ApiRoute[]).filter(({ path }) => path.endsWith("/*"));

function isAt({ path: pattern }: ApiRoute, path: string): boolean {
  return pattern.endsWith("/*") ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

/** A request target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return canonicalPath(query < 0 ? target : target.slice(0, query));
}

/** Other paths of routes, as llama.cpp's server has them: without `/v1`, completions and embeddings are of its own form. */
const OTHER_PATHS: ReadonlyMap<string, string> = new Map([
  ["/completions", "/completion"],
  ["/embeddings", "/embedding"],
  ...["/chat/completions", "/models", "/responses", "/messages", "/messages/count_tokens"].map(
    (path) => [path, `/v1${path}`] as const,
  ),
]);

/** The path under which a route is listed: without a slash at its end, and with its version. */
export function canonicalPath(path: string): string {
  const bare = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  return OTHER_PATHS.get(bare) ?? bare;
}
