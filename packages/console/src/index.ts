export { type ConsoleRoute, type ConsoleRoutes, createConsole } from "./console-routes.ts";
