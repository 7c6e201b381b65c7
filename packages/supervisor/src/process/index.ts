export { delegatedCgroup } from "./cgroup/delegated-cgroup.ts";
export { findFreePort } from "./free-port.ts";
export { hasProgram } from "./programs.ts";
export { workerMain } from "./spawn.ts";
export { type ServedModel, workerOptions } from "./launch.ts";
