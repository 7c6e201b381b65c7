export { generatedSupervisorFiles } from "./worker/states-document.ts";
export { exampleUnits } from "./systemd/example-units.ts";
