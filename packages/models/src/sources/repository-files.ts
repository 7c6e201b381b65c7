import { ModelError } from "../errors.ts";
import { repositoryOf } from "./remote-file.ts";
import { get, jsonOf, reasonOf, type Response } from "./http-get.ts";
import { authorization, endpointOf, type Endpoints, type HubName, HUBS, type RepositoryFile } from "./hubs.ts";
import type { HubFile, HubTag } from "./model-source.ts";

/**
 * The GGUF files of the repository that a file is from, as its hub lists them.
 *
 * @throws ModelError `download_not_found`, `download_forbidden`, `download_failed`, `download_aborted`
 */
export async function listFiles(
  source: HubFile,
  endpoints: Endpoints,
  signal?: AbortSignal,
): Promise<readonly RepositoryFile[]> {
  const { hub, revision } = source;
  const { list, filesIn, endpointVariable: variable } = HUBS[hub];
  const name = nameOf(source);
  const url = `${endpointOf(hub, endpoints)}/${list(repositoryOf(source), encodeURIComponent(revision))}`;
  const headers = { ...authorization(hub, endpoints), "user-agent": "drover", accept: "application/json" };
  const response = await ask(url, headers, { name, variable, signal });
  if (response.status < 200 || response.status > 299) {
    response.discard();
    throw refused(response.status, name, hub);
  }
  return filesIn(await jsonOf(response)).filter(({ path }) => isPlainPath(path));
}

export function nameOf({ hub, org, repo }: HubFile | HubTag): string {
  return `${HUBS[hub].prefix}:${org}/${repo}`;
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  about: { readonly name: string; readonly variable: string; readonly signal: AbortSignal | undefined },
): Promise<Response> {
  try {
    return await get(url, headers, about.signal);
  } catch (error) {
    if (about.signal?.aborted === true)
      throw new ModelError("download_aborted", `${about.name}: stopped.`, { cause: error });
    const message = `${about.name} can't be looked up at ${new URL(url).host} (${reasonOf(error)}). Check the network, or set ${about.variable} to a mirror.`;
    throw new ModelError("download_failed", message, { cause: error });
  }
}

function refused(status: number, name: string, hub: HubName): ModelError {
  const { site, tokenVariable } = HUBS[hub];
  if (status === 401 || status === 403) {
    const advice = `It does not exist, or needs a licence and a token: accept the licence on its page and set ${tokenVariable}.`;
    return new ModelError("download_forbidden", `${name} was refused (${status}). ${advice}`);
  }
  if (status === 400 || status === 404) {
    const message = `${name} does not exist (${status}). Check the repository's name on ${site}.`;
    return new ModelError("download_not_found", message);
  }
  const message = `${name} can't be looked up: the server responded with ${status}. Try again later.`;
  return new ModelError("download_failed", message);
}

/** It becomes a URL and a name in the cache: no way out of either. */
function isPlainPath(file: string): boolean {
  return /\.gguf$/i.test(file) && file.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
