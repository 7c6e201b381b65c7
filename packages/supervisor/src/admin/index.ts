export { callAdmin, streamAdmin } from "./admin-client.ts";
export { adminPath } from "./admin-path.ts";
export type { ReloadReport } from "../application/reload.ts";
export type { SupervisorStatus, WorkerStatus } from "../workers/worker-status.ts";
