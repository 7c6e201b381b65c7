import { daemonMark } from "./daemon.ts";
import { runNginxCommand } from "./nginx-command.ts";

process.noDeprecation = true;
const isDaemon = process.env[daemonMark] === "1";
// The mark is for this process alone.
delete process.env[daemonMark];

process.exitCode = await runNginxCommand(process.argv.slice(2), isDaemon);
// Idle upstream connections and name lookups must not keep it.
process.exit();
