// Public members of exported classes, interfaces and types of objects have a user in the product: one that only tests use is no part of it. A user is known by the name that it writes.
import { walk } from "./source-files.mjs";

export function checkUnused(files) {
  const product = [...files.values()].filter((file) => !file.isTest);
  const uses = new Map();
  for (const file of product) for (const name of namesIn(file)) uses.set(name, (uses.get(name) ?? 0) + 1);
  return product.flatMap((file) =>
    membersOf(file)
      .filter(({ name }) => (uses.get(name) ?? 0) <= 1)
      .map(({ name, owner }) => `${file.path}: nobody uses ${owner}.${name}`),
  );
}

/** Each identifier, property name and quoted word of a file, as often as it stands there. */
function namesIn({ text }) {
  return text.replaceAll(/\/\*[^]*?\*\/|\/\/[^\n]*/g, " ").match(/[A-Za-z_$][\w$]*/g) ?? [];
}

/** Public members of the classes, interfaces and types of objects that a file exports. */
function membersOf({ program }) {
  const found = [];
  walk(program, (node, parent) => {
    if (parent?.type !== "ExportNamedDeclaration") return;
    for (const { key, kind, accessibility, override } of ownMembers(node)) {
      if (key?.type !== "Identifier" || kind === "constructor" || accessibility === "private" || override === true)
        continue;
      found.push({ name: key.name, owner: node.id.name });
    }
  });
  return found;
}

function ownMembers(node) {
  if (node.type === "ClassDeclaration" || node.type === "TSInterfaceDeclaration") return node.body.body;
  return node.type === "TSTypeAliasDeclaration" ? (node.typeAnnotation.members ?? []) : [];
}
