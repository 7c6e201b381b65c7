// The sources as the checks see them: each file with its text, its imports and its syntax tree.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, normalize, relative } from "node:path";

const require = createRequire(new URL("../../tools/package.json", import.meta.url));
const { parseSync, visitorKeys } = require("oxc-parser");

/**
 * Every TypeScript source below `config`, `packages` and `test` of a tree, by its path from `root`.
 * `package`: `balancer`, `config`, `test`; `folder`: inside of the package's sources, "" for its root; `isTest`: a test, or what only tests use; `isPage`: it runs in a browser.
 */
export function readSources(root) {
  const files = new Map();
  for (const [name, base] of packagesOf(root)) {
    for (const source of sourceRoots(join(root, base))) {
      for (const entry of readdirSync(join(root, base, source), { recursive: true, withFileTypes: true })) {
        const path = relative(root, join(entry.parentPath, entry.name));
        if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || /(^|\/)(node_modules|dist)\//.test(path)) continue;
        files.set(path, readSource(root, path, name, join(base, source)));
      }
    }
  }
  for (const file of files.values()) {
    file.imports = file.imports.map((each) => ({ ...each, path: resolve(each.name, file.path, files) }));
  }
  return files;
}

function packagesOf(root) {
  const packages = readdirSync(join(root, "packages"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const all = [["config", "config"], ...packages.map(({ name }) => [name, `packages/${name}`]), ["test", "test"]];
  return all.filter(([, base]) => existsSync(join(root, base, "package.json")));
}

/** A package's sources are in `src`; a page that a browser runs is beside it; the tests across packages have no such folder. */
function sourceRoots(base) {
  const found = ["src", "page"].filter((folder) => existsSync(join(base, folder)));
  return found.length > 0 ? found : ["."];
}

function readSource(root, path, packageName, sourceRoot) {
  const text = readFileSync(join(root, path), "utf8");
  const { program, module, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const inside = relative(sourceRoot, path);
  return {
    path,
    text,
    program,
    package: packageName,
    folder: dirname(inside) === "." ? "" : dirname(inside),
    isPage: sourceRoot.endsWith("/page"),
    isTest: packageName === "test" || /\.test\.tsx?$/.test(path) || /(^|\/)test-support\//.test(inside),
    imports: importsOf(text, module),
    comments: comments.map(({ value }) => value),
    exports: module.staticExports.flatMap(({ entries }) => entries),
  };
}

/** `from ... import`, `export ... from` and `import()` with a literal; `names` is undefined for all of a module. */
function importsOf(text, { staticImports, staticExports, dynamicImports }) {
  const statics = staticImports.map(({ moduleRequest, entries }) => ({
    name: moduleRequest.value,
    names: entries.some(({ importName }) => importName.kind !== "Name")
      ? undefined
      : entries.map(({ importName }) => importName.name),
    isType: entries.length > 0 && entries.every(({ isType }) => isType),
  }));
  const again = staticExports
    .flatMap(({ entries }) => entries)
    .filter(({ moduleRequest }) => moduleRequest !== null)
    .map(({ moduleRequest, importName, isType }) => ({
      name: moduleRequest.value,
      names: importName.kind === "Name" ? [importName.name] : undefined,
      isType,
    }));
  const dynamic = dynamicImports.flatMap(({ moduleRequest }) => {
    const literal = /^["'](.*)["']$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[1];
    return literal === undefined ? [] : [{ name: literal, names: undefined, isType: false }];
  });
  return [...statics, ...again, ...dynamic];
}

/** The path of a relative import; undefined for a package. */
function resolve(name, from, files) {
  if (!name.startsWith(".")) return undefined;
  const path = normalize(join(dirname(from), name));
  return [path, path.replace(/\.js$/, ".ts")].find((each) => files.has(each));
}

/** Calls `look(node, parent)` for every node of a tree. */
export function walk(node, look, parent) {
  look(node, parent);
  for (const key of visitorKeys[node.type] ?? []) {
    for (const child of [node[key]].flat()) {
      if (child !== null && child !== undefined && typeof child.type === "string") walk(child, look, node);
    }
  }
}
