import { createRequire } from "node:module";
import util from "node:util";
import type httpProxy from "http-proxy";

type HttpProxy = typeof httpProxy;

let loaded: HttpProxy | undefined;

/**
 * Loads http-proxy at first need, without the deprecation warning that it would show users of Node 22 and later: it takes `util._extend`
 * while it loads, and that is then `Object.assign`, which does the same.
 */
export function loadHttpProxy(): HttpProxy {
  if (loaded !== undefined) return loaded;
  const before = Object.getOwnPropertyDescriptor(util, "_extend");
  Object.defineProperty(util, "_extend", { value: Object.assign, configurable: true, writable: true });
  try {
    loaded = createRequire(import.meta.url)("http-proxy") as HttpProxy;
  } finally {
    if (before !== undefined) Object.defineProperty(util, "_extend", before);
  }
  return loaded;
}
