export { callAdmin, streamAdmin } from "./admin-client.ts";
export { findAdminPath } from "./admin-path.ts";
export type { FleetStatus } from "../fleet/fleet-status.ts";
export type { WorkerStatus } from "../worker/worker-status.ts";
