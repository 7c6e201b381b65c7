export { callAdmin, streamAdmin } from "./admin-client.ts";
export { findAdminPath } from "./admin-path.ts";
export type { KeyUse } from "@drover/balancer";
export type { DroverStatus, ServiceStatus, UpstreamRow } from "./drover-status.ts";
export type { WorkerStatus } from "@drover/contract/console-state";
