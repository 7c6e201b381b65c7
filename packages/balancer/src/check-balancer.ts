import type { Settings } from "@drover/config";
import { openFrontDoor } from "./access/front-door.ts";
import { balancerRules } from "./balancer-settings.ts";
import type { ListenError } from "./errors.ts";
import { checkTarget, parseListen } from "./http/listen-address.ts";
import { tryListening } from "./http/listeners.ts";
import { createUpstream } from "./pool/upstream.ts";

/**
 * Whether the balancer can run by these settings: all that `createBalancer` and a reload would refuse, without opening anything.
 * @throws as `createBalancer` does
 */
export function checkBalancer(settings: Settings): void {
  const rules = balancerRules(settings);
  openFrontDoor(rules.front);
  for (const target of parseListen(settings.listen)) checkTarget(target);
  for (const spec of rules.upstreams) createUpstream(spec);
}

/**
 * Whether the public addresses can be listened on, before there is anything to serve.
 * @param options.mayBeTaken something may listen there already, such as the drover that is to reload these settings
 * @throws ListenError
 */
export async function checkAddresses(settings: Settings, options: { readonly mayBeTaken: boolean }): Promise<void> {
  for (const target of parseListen(settings.listen)) {
    await tryListening(target).catch((error: ListenError) => {
      const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE" || !options.mayBeTaken) throw error;
    });
  }
}
