export { generatedSupervisorFiles } from "./workers/states-document.ts";
export { exampleUnits } from "./systemd/example-units.ts";
