import { daemonMark } from "./daemon.ts";
import { runNginxCommand } from "./nginx-command.ts";
import { packageVersion } from "@drover/foundation/files/package-version";

process.noDeprecation = true;
const isDaemon = process.env[daemonMark] === "1";
// The mark is for this process alone.
delete process.env[daemonMark];

process.exitCode = await runNginxCommand({
  words: process.argv.slice(2),
  version: packageVersion(),
  isDaemon,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
});
// Idle upstream connections and name lookups must not keep it.
process.exit();
