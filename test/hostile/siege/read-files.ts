/** Reads generated GGUF and nginx files in a process of its own, which may die or hang of one. Arguments: folder, seed. Tells its parent before and after each. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelError, readModelInfo, writeSyntheticModel } from "@drover/models";
import { loadNginxConfig, NginxConfigError } from "@drover/nginx";
import { createRandom } from "../../chaos/random.ts";
import { generateNginxFile, spoilGguf } from "./generated-files.ts";
import type { FileRead } from "./file-reader.ts";

const [folder = "", seed = "0"] = process.argv.slice(2);
const random = createRandom(Number(seed));
const model = join(folder, "sound.gguf");
await writeSyntheticModel("tiny", model, "q8_0");
const sound = readFileSync(model);
const headerBytes = Math.min(sound.length, 65_536);
const files = {
  "GGUF files": {
    path: join(folder, "spoilt.gguf"),
    make: () => spoilGguf(sound, headerBytes, random),
    read: (path: string) => readModelInfo(path),
    refusal: ModelError,
  },
  "nginx files": {
    path: join(folder, "spoilt.conf"),
    make: () => generateNginxFile(random),
    read: async (path: string) => void loadNginxConfig({ path }),
    refusal: NginxConfigError,
  },
};

process.on("disconnect", () => process.exit(0));
for (let turn = 0; process.connected; turn += 1) {
  const kind = turn % 2 === 0 ? "GGUF files" : "nginx files";
  const { path, make, read, refusal } = files[kind];
  writeFileSync(path, make());
  tell({ kind, event: "begun", tookMs: 0 });
  const start = performance.now();
  const problem = await Promise.resolve(path)
    .then(read)
    .then(
      () => undefined,
      (error: unknown) => (error instanceof refusal ? undefined : String((error as Error).stack)),
    );
  tell({ kind, event: "read", tookMs: performance.now() - start, ...(problem === undefined ? {} : { problem }) });
  // Leaves the CPUs to those whom it is about.
  await sleep(20);
}

function tell(message: FileRead): void {
  process.send?.(message, undefined, undefined, () => {});
}
