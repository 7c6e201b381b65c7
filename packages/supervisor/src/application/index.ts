export { balance } from "./balance.ts";
export { checkSettings } from "./check-settings.ts";
export type { Display } from "./display.ts";
export { describeRetry, downloadLog } from "./model/download-log.ts";
export { findPrepared, prepareModel } from "./model/prepare-model.ts";
export { publicUrl } from "./public-url.ts";
export { up } from "./application.ts";
export type { ReloadReport } from "./reload.ts";
