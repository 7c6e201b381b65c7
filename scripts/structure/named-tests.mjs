// What the docs say of tests: each that they name by its path is there, and each sentence of security.md's "What is defended" names one.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const NAMED = /`((?:config|packages|test)\/[\w./-]+\.test\.ts)`/g;

export function checkNamedTests(_files, root) {
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const paths = [...pages.map((name) => join("docs", name)), "CONTRIBUTING.md"].filter((path) =>
    existsSync(join(root, path)),
  );
  return paths.flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const gone = [...text.matchAll(NAMED)]
      .filter(([, test]) => !existsSync(join(root, test)))
      .map(([, test]) => `${path}: the test ${test} is not there`);
    return path.endsWith("security.md") ? [...gone, ...unproved(path, text)] : gone;
  });
}

function unproved(path, text) {
  const defended = text.split("\n## ").find((section) => section.startsWith("What is defended")) ?? "";
  return defended
    .split("\n")
    .filter((line) => line.startsWith("- ") && line.match(NAMED) === null)
    .map((line) => `${path}: no test is named for "${line.slice(2)}"`);
}
