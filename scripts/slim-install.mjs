// Runs after each install, and takes away what Drover never loads.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

slimEngine();
slimTracing();

/** node-llama-cpp ships llama.cpp's git history (34 MB) for builds from source; Drover loads the prebuilt binary only (`build: "never"`). */
function slimEngine() {
  const fromWorker = createRequire(new URL("../packages/worker/package.json", import.meta.url));
  const engine = dirname(dirname(fromWorker.resolve("node-llama-cpp")));
  rmSync(join(engine, "llama", "gitRelease.bundle"), { force: true });
}

/** OpenTelemetry ships each package as three builds with their source maps, and names that are not settled; Node loads none of that. */
function slimTracing() {
  const store = new URL("../node_modules/.pnpm/", import.meta.url).pathname;
  const folders = existsSync(store) ? readdirSync(store) : [];
  for (const folder of folders.filter((name) => name.startsWith("@opentelemetry+"))) {
    const [own = ""] = folder.slice("@opentelemetry+".length).split("@");
    const root = join(store, folder, "node_modules", "@opentelemetry", own);
    const files = existsSync(root) ? readdirSync(root, { recursive: true }).map(String) : [];
    const unused = files.filter((path) =>
      /^build\/(?:esm|esnext)$|^dist\/(?:index-incubating|experimental_)|\.map$/.test(path),
    );
    for (const path of unused) rmSync(join(root, path), { recursive: true, force: true });
  }
}
