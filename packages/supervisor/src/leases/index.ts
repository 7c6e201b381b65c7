export { loadText, planLoadOf } from "./describe-load.ts";
