import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTopology, type Topology } from "../placement/topology.ts";

// tests run from dist, and the recordings lie in src
const FOLDER = fileURLToPath(new URL("../../src/placement/fixtures/", import.meta.url));

export function recordedMachines(): readonly string[] {
  return readdirSync(FOLDER).flatMap((name) => (name.endsWith(".topology") ? [name.replace(/\.topology$/, "")] : []));
}

export function drawingPath(machine: string): string {
  return join(FOLDER, `${machine}.plan.txt`);
}

/** Reads the recording as if it were this machine. See fixtures/README.md for the format. */
export function readRecorded(machine: string): Topology {
  const root = mkdtempSync(join(tmpdir(), "drover-machine-"));
  try {
    for (const line of readFileSync(join(FOLDER, `${machine}.topology`), "utf8").split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) writeFiles(root, line.slice(0, colon), line.slice(colon + 2));
    }
    return readTopology(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeFiles(root: string, pattern: string, content: string): void {
  const [range, first, last] = /\{(\d+)-(\d+)\}/.exec(pattern) ?? [];
  for (let n = Number(first ?? 0); n <= Number(last ?? 0); n++) {
    const path = join(root, range === undefined ? pattern : pattern.replace(range, String(n)));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, expand(content, n));
  }
}

function expand(content: string, n: number): string {
  return content
    .replaceAll(/<n([+-]\d+)?>/g, (_, shift?: string) => String(n + Number(shift ?? 0)))
    .replaceAll(/<block (\d+)(?: ([+-]\d+))?>/g, (_, length: string, shift?: string) => {
      const start = Math.floor(n / Number(length)) * Number(length) + Number(shift ?? 0);
      return `${start}-${start + Number(length) - 1}`;
    })
    .replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t");
}
