import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { execa } from "execa";
import { needsTool, toolPath } from "../support/needs.ts";
import { COMMAND_LIMIT_MS } from "../support/until.ts";

const rules = new URL("../../../.oxlintrc.json", import.meta.url).pathname;

/** A file of the workspace, and an import that is forbidden there. */
const forbidden = [
  ["packages/worker/src/x.ts", "node-llama-cpp"],
  ["packages/supervisor/src/x.ts", "node-llama-cpp"],
  ["packages/balancer/src/policies/x.ts", "node:net"],
  ["packages/balancer/src/request/retry-rule.ts", "node:http"],
  ["packages/worker/src/batching/plan-groups.ts", "node:os"],
  ["packages/supervisor/src/worker/transitions.ts", "node:fs"],
  ["packages/supervisor/src/placement/layout.ts", "node:fs"],
] as const;

const allowed = [
  ["packages/worker/src/engine/llama-engine.ts", "node-llama-cpp"],
  ["packages/balancer/src/x.ts", "node:http"],
] as const;

describe("imports that the linter refuses", () => {
  for (const [file, name] of forbidden)
    it(`refuse ${name} in ${file}`, needsTool("oxlint"), async () => {
      const result = await lint(file, name);
      assert.equal(result.exitCode, 1, result.stdout);
      assert.match(result.stdout, /no-restricted-imports/);
    });

  for (const [file, name] of allowed)
    it(`allow ${name} in ${file}`, needsTool("oxlint"), async () => {
      const result = await lint(file, name);
      assert.equal(result.exitCode, 0, result.stdout);
    });
});

/** Lints one file in an otherwise empty tree, so that the check cannot disturb the real one. */
async function lint(file: string, name: string) {
  const root = mkdtempSync(join(tmpdir(), "drover-lint-"));
  try {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    copyFileSync(rules, join(root, ".oxlintrc.json"));
    writeFileSync(join(root, file), `import { thing } from "${name}";\n\nexport const used = thing;\n`);
    return await execa(toolPath("oxlint"), ["--deny-warnings", "-f", "unix"], {
      cwd: root,
      reject: false,
      timeout: COMMAND_LIMIT_MS,
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}
