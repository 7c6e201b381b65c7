export { generatedSupervisorFiles } from "./workers/states-document.ts";
