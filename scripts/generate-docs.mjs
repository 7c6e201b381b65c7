// Writes the committed files that come from the code. With --check: says which differ, and fails.
// usage: node scripts/generate-docs.mjs [--check]   (after a build)
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generatedPolicyFiles } from "./policy-files.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
const isCheck = process.argv.includes("--check");

const policyFiles = generatedPolicyFiles();
// Sources: what the settings yield is known once they are compiled.
if (update(policyFiles) && !isCheck) execFileSync("node_modules/.bin/tsc", ["-b"], { stdio: "inherit" });
const { generatedConfigFiles } = await import("@drover/config/generate-docs");
const { exampleUnits, generatedSupervisorFiles } = await import("@drover/supervisor");
/** Each is `{path, text}`, the path from the repository's root. A package that generates a file adds its list here. */
const files = [...generatedConfigFiles(), ...generatedSupervisorFiles(), ...exampleUnits()];
update(files);
if (process.exitCode === undefined) console.log(`${policyFiles.length + files.length} generated files are up to date`);

/** Writes those that differ, or says so and fails. @returns whether any did */
function update(wanted) {
  const stale = wanted.filter(({ path, text }) => read(path) !== text);
  for (const { path, text } of stale) {
    if (isCheck) {
      console.error(`${path} is not what the code yields: run pnpm docs:generate and commit it`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`wrote ${path}`);
    }
  }
  return stale.length > 0;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
