export type { ConsoleAdmin } from "./admin-routes.ts";
export { type ConsoleOptions, type ConsoleRoute, type ConsoleRoutes, createConsole } from "./console-routes.ts";
