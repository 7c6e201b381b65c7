import { packageVersion } from "./package-version.ts";

const given = process.argv.slice(2);
// Scripts ask for it often, and all the rest takes longer to load than Node to start.
if (given.length === 1 && given[0] === "--version") process.stdout.write(`${packageVersion()}\n`);
else await import("./run.ts");
