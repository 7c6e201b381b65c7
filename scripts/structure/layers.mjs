// Imports go down: between packages, and between the layers of a package. docs/architecture.md declares both in tables.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function checkLayers(files, root) {
  const declared = readDeclared(readFileSync(join(root, "docs/architecture.md"), "utf8"));
  const faults = new Set();
  for (const file of files.values()) {
    for (const each of file.imports) {
      const fault = packageFault(file, each, declared) ?? folderFault(file, files.get(each.path), declared);
      if (fault !== undefined) faults.add(`${file.path}: ${fault}; see docs/architecture.md`);
    }
  }
  const known = new Set([...files.values()].map((file) => file.package));
  for (const name of known)
    if (!declared.packages.has(name)) faults.add(`${name}: it has no row in docs/architecture.md`);
  return [...faults];
}

/** Rows of the two tables: `| … (`@drover/name`…) | is | may import |` and `| `name` | layers from the top, joined by arrows |`. */
function readDeclared(text) {
  const packages = new Map([["test", "all"]]);
  const layers = new Map();
  for (const line of text.split("\n")) {
    const cells = line.split("|").slice(1, -1);
    const name = /`@drover\/([a-z]+)`/.exec(cells[0] ?? "")?.[1];
    if (name !== undefined && cells.length === 3) packages.set(name, new Set(quoted(cells[2])));
    const layered = /^ *`([a-z]+)` *$/.exec(cells[0] ?? "")?.[1];
    if (layered !== undefined && cells[1]?.includes("→")) layers.set(layered, cells[1].split("→").map(quoted));
  }
  return { packages, layers };
}

function quoted(cell) {
  return [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
}

/** Tests may use any package; they run beside the product, not in it. */
function packageFault(file, { name }, { packages }) {
  const target = /^@drover\/([a-z]+)/.exec(name)?.[1];
  if (target === undefined || file.isTest || target === file.package) return undefined;
  const may = packages.get(file.package);
  return may === "all" || may?.has(target) === true ? undefined : `${file.package} may not import ${name}`;
}

function folderFault(file, target, { layers }) {
  const order = layers.get(file.package);
  if (file.isTest || target === undefined || order === undefined) return undefined;
  const [from, to] = [layerOf(file, order), layerOf(target, order)];
  const unknown = [from, to].find((layer) => layer.at === -1);
  if (unknown !== undefined) return `the folder ${unknown.name} is in no layer of ${file.package}`;
  if (from.name === to.name || from.at < to.at) return undefined;
  return `${from.name} imports ${target.path}, and imports only go down`;
}

/** By its first folder, or by its own name where it lies in none; files at the root that no layer names are the top. */
function layerOf({ folder, path }, order) {
  const name = folder === "" ? path.slice(path.lastIndexOf("/") + 1).replace(/\.tsx?$/, "") : folder.split("/")[0];
  const at = order.findIndex((layer) => layer.includes(name));
  return folder === "" && at === -1 ? { name: "the root", at: -0.5 } : { name, at };
}
