// Runs after each install. node-llama-cpp ships llama.cpp's git history (34 MB) for builds from source; Drover
// loads the prebuilt binary only (`build: "never"`), so the bundle would be a quarter of the install for nothing.
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const fromWorker = createRequire(new URL("../packages/worker/package.json", import.meta.url));
const engine = dirname(dirname(fromWorker.resolve("node-llama-cpp")));
rmSync(join(engine, "llama", "gitRelease.bundle"), { force: true });
