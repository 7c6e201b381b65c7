import { hubCacheName, urlCacheName } from "./cache-name.ts";
import { authorization, endpointOf, type Endpoints, HUBS } from "./hubs.ts";
import type { HubFile, UrlSource } from "./model-source.ts";

/** One file to fetch. */
export interface RemoteFile {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Name in the cache, unique for the source. */
  readonly cacheName: string;
  /** Hexadecimal, where it is known before the download; a server may tell it in its response. */
  readonly sha256?: string | undefined;
}

/** The URL of a source's file, its headers, and its name in the cache. */
export function remoteFile(source: HubFile | UrlSource, endpoints: Endpoints): RemoteFile {
  if (source.type === "url") return { url: source.url, headers: {}, cacheName: urlCacheName(source.url) };
  const { hub, org, repo, file, revision } = source;
  const { branch, folder, prefix } = HUBS[hub];
  const tail = `resolve/${encodeURIComponent(revision)}/${file.split("/").map(encodeURIComponent).join("/")}`;
  const own = { org, repo, file, revision: revision === branch ? undefined : revision };
  return {
    url: `${endpointOf(hub, endpoints)}/${folder}${repositoryOf(source)}/${tail}`,
    headers: authorization(hub, endpoints),
    cacheName: hubCacheName(prefix, own),
  };
}

/** As it stands in URLs. */
export function repositoryOf({ org, repo }: Pick<HubFile, "org" | "repo">): string {
  return `${encodeURIComponent(org)}/${encodeURIComponent(repo)}`;
}
