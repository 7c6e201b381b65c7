export { sharedMemoryForNext } from "./snapshot-directories.ts";
