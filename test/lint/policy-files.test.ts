import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
import { COMMAND_LIMIT_MS } from "../support/until.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = "packages/balancer/src/policies";

describe("a policy that is added as one file", () => {
  it("is in the registry, and a value of balancer.policy, without another edit", async () => {
    const copy = mkdtempSync(join(tmpdir(), "drover-policy-"));
    try {
      cpSync(join(root, FOLDER), join(copy, FOLDER), { recursive: true });
      const policy = readFileSync(join(copy, FOLDER, "round-robin.ts"), "utf8");
      writeFileSync(join(copy, FOLDER, "newest.ts"), policy.replace('name: "round_robin"', 'name: "newest"'));
      const files = await generated(copy);
      assert.match(
        files["registry.ts"] ?? "",
        /import \{ policy as newest \} from "\.\/newest\.ts";[^]*\n {2}newest,\n/,
      );
      assert.match(files["policy-names.ts"] ?? "", /\n {2}"newest",\n/);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

/** The texts that `pnpm docs:generate` writes in that folder, by the files' names. */
async function generated(folder: string): Promise<Readonly<Record<string, string>>> {
  const script = pathToFileURL(join(root, "scripts/policy-files.mjs")).href;
  const code = `import { generatedPolicyFiles } from ${JSON.stringify(script)};
    const files = generatedPolicyFiles().map(({ path, text }) => [path.split("/").at(-1), text]);
    console.log(JSON.stringify(Object.fromEntries(files)));`;
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: folder,
    timeout: COMMAND_LIMIT_MS,
  });
  return JSON.parse(stdout) as Readonly<Record<string, string>>;
}
