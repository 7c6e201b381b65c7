export { findFreePort } from "./free-port.ts";
export { workerMain } from "./spawn-worker.ts";
export { type ServedModel, workerOptions } from "./worker-launch.ts";
