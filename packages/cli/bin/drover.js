#!/usr/bin/env node
import "@drover/foundation/require-node";
import { existsSync } from "node:fs";

const program = new URL("../dist/main.js", import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write("drover: it is not built yet. Run `npx -y pnpm@12.21.0 build` in its folder.\n");
  process.exitCode = 1;
}
