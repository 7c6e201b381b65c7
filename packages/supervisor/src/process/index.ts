export { findFreePort } from "./free-port.ts";
export { workerMain } from "./spawn.ts";
export { type ServedModel, workerOptions } from "./launch.ts";
