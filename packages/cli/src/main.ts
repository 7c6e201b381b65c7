import { packageVersion } from "@drover/foundation/files/package-version";

const given = process.argv.slice(2);
// Scripts ask for it often, and all the rest takes longer to load than Node to start.
if (given.length === 1 && given[0] === "--version") process.stdout.write(`${packageVersion()}\n`);
else await import("./run.ts");
