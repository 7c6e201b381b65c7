// Checks that the sources keep the plan of docs/architecture.md: small folders, imports that only go down, no circles, nothing that nobody uses, nothing
// that is written twice, files and tests that comments and docs name, and tests that have the name of what they specify. Prints each fault and exits with 1; prints nothing when there is none.
// usage: node scripts/check-structure.mjs [ROOT]
import { fileURLToPath } from "node:url";
import { checkCircles } from "./structure/circles.mjs";
import { checkDuplicates } from "./structure/duplicates.mjs";
import { checkFolders } from "./structure/folders.mjs";
import { checkLayers } from "./structure/layers.mjs";
import { checkNamedFiles } from "./structure/named-files.mjs";
import { checkNamedTests } from "./structure/named-tests.mjs";
import { checkTestNames } from "./structure/test-names.mjs";
import { readSources } from "./structure/source-files.mjs";
import { checkUnused } from "./structure/unused.mjs";

const root = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const files = readSources(root);
const faults = [
  checkFolders,
  checkLayers,
  checkCircles,
  checkUnused,
  checkDuplicates,
  checkNamedFiles,
  checkNamedTests,
  checkTestNames,
].flatMap((check) => check(files, root));
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
