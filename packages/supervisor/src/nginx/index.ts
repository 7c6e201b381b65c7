export { ignoredLines } from "./nginx-command.ts";
export { serveNginx } from "./serve.ts";
