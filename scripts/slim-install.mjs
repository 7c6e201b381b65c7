// Runs after each install, and takes away what Drover never loads: a sixth of the disk space.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What packages ship beside their build: sources, tests, other builds. A name with a slash at its end is a scope; paths may be beginnings. */
const UNUSED = {
  // Its history of llama.cpp is for builds from source; Drover loads the prebuilt binary only (`build: "never"`).
  "node-llama-cpp": ["llama/gitRelease.bundle"],
  // Builds for bundlers.
  "@opentelemetry/": ["build/esm", "build/esnext"],
  // Names that are not settled.
  "@opentelemetry/semantic-conventions": ["dist/index-incubating", "dist/experimental_"],
  "@anthropic-ai/sdk": ["src"],
  "@huggingface/": ["src"],
  ajv: ["lib"],
  bintrees: ["test"],
  fastify: ["docs", "examples", "test"],
  openai: ["src"],
  temml: ["contrib", "src"],
  zod: ["src"],
};

const store = new URL("../node_modules/.pnpm/", import.meta.url).pathname;
for (const folder of existsSync(store) ? readdirSync(store) : []) {
  for (const name of packagesIn(join(store, folder, "node_modules")))
    slim(join(store, folder, "node_modules", name), name);
}

/** The packages of a folder of pnpm's store, without its links to others. */
function packagesIn(folder) {
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      name.startsWith("@") ? packagesIn(join(folder, name)).map((inner) => `${name}/${inner}`) : [name],
    );
}

function slim(root, name) {
  const unused = Object.keys(UNUSED)
    .filter((key) => name === key || (key.endsWith("/") && name.startsWith(key)))
    .flatMap((key) => UNUSED[key]);
  for (const path of readdirSync(root, { recursive: true }).map(String)) {
    if (path.endsWith(".map") || unused.some((start) => path.startsWith(start))) {
      rmSync(join(root, path), { recursive: true, force: true });
    }
  }
}
