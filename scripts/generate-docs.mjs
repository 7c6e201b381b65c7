// Writes the committed files that come from the code. With --check: says which differ, and fails.
// usage: node scripts/generate-docs.mjs [--check]   (after a build)
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generatedConfigFiles } from "@drover/config/generate-docs";
import { exampleUnits, generatedSupervisorFiles } from "@drover/supervisor";
import { generatedPolicyFiles } from "./policy-files.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
/** Each is `{path, text}`, the path from the repository's root. A package that generates a file adds its list here. */
const files = [...generatedConfigFiles(), ...generatedSupervisorFiles(), ...exampleUnits(), ...generatedPolicyFiles()];

const check = process.argv.includes("--check");

const stale = files.filter(({ path, text }) => read(path) !== text);
for (const { path, text } of stale) {
  if (check) console.error(`${path} is not what the code yields: run pnpm docs:generate and commit it`);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
}
if (check && stale.length > 0) process.exitCode = 1;
else console.log(`${files.length} generated files are up to date`);

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
