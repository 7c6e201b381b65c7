export { createBalancer } from "./balancer.ts";
export type {
  Balancer,
  BalancerEvents,
  BalancerOptions,
  BalancerStatus,
  ListenAddress,
  UpstreamStatus,
} from "./balancer-api.ts";
export { type Clock, systemClock } from "./clock.ts";
export { BadUpstreamError, BalancerError, FrontDoorError, ListenError, NginxConfigError } from "./errors.ts";
export { firstKey } from "./access/keys.ts";
export { type NginxOptions, readNginxOptions } from "./nginx/command-line.ts";
export { systemError as systemErrorText } from "./nginx/config-files.ts";
export { toDroverYaml } from "./nginx/import.ts";
export { defaultPaths, type LoadedNginxConfig, loadNginxConfig } from "./nginx/load.ts";
export type { NginxModel } from "./nginx/model.ts";
export { NginxServer } from "./nginx/run/nginx-server.ts";
export type { NginxPaths } from "./nginx/translate-context.ts";
export type { UpstreamSpec } from "./pool/upstream.ts";
