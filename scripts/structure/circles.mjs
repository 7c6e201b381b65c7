// Nothing imports itself by way of others, types included: what is circular cannot be read from one end. That holds for files, and for the folders of one folder.

export function checkCircles(files) {
  const imports = new Map([...files].map(([path, file]) => [path, file.imports.flatMap((each) => each.path ?? [])]));
  return [...circlesIn(imports), ...circlesIn(folderImports(files))].map(
    (group) => `${group.join(", ")}: they import each other in a circle`,
  );
}

/** What each folder imports of those beside it, in files of its own or in folders below. Those of a package itself have layers; tests may look anywhere. */
function folderImports(files) {
  const imports = new Map();
  for (const file of files.values()) {
    if (file.isTest) continue;
    const [first = ""] = file.folder.split("/");
    for (const { path } of file.imports) {
      const pair = path === undefined ? undefined : besideEachOther(file.path, path);
      if (pair === undefined || (!file.isPage && pair.from.endsWith(`/src/${first}`))) continue;
      imports.set(pair.from, [...(imports.get(pair.from) ?? []), pair.to]);
    }
  }
  return imports;
}

/** The two folders in which two paths part; undefined where one of the files lies beside them. */
function besideEachOther(from, to) {
  const [a, b] = [from.split("/"), to.split("/")];
  const parting = a.findIndex((part, index) => part !== b[index]);
  if (parting >= a.length - 1 || parting >= b.length - 1) return undefined;
  return { from: a.slice(0, parting + 1).join("/"), to: b.slice(0, parting + 1).join("/") };
}

function circlesIn(imports) {
  const numbers = new Map();
  const lowest = new Map();
  const open = [];
  const circles = [];
  // Tarjan: a group is complete when its first member reaches none that was opened before it.
  const visit = (name) => {
    numbers.set(name, numbers.size);
    lowest.set(name, numbers.get(name));
    open.push(name);
    for (const target of imports.get(name) ?? []) {
      if (!numbers.has(target)) visit(target);
      if (open.includes(target)) lowest.set(name, Math.min(lowest.get(name), lowest.get(target)));
    }
    if (lowest.get(name) !== numbers.get(name)) return;
    const group = open.splice(open.indexOf(name));
    if (group.length > 1) circles.push(group.toSorted());
  };
  for (const name of imports.keys()) if (!numbers.has(name)) visit(name);
  return circles;
}
