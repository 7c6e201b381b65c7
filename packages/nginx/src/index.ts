export { NginxConfigError, NginxError } from "./errors.ts";
export { toDroverYaml } from "./import/to-drover-yaml.ts";
export { type LoadedNginxConfig, loadNginxConfig, loadWhatCanBe } from "./load.ts";
export type { RunningNginx } from "./process/serve.ts";
export { serveInForeground } from "./process/serve-in-foreground.ts";
