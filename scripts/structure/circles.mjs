// No file imports itself by way of others, types included: what is circular cannot be read from one end.

export function checkCircles(files) {
  const next = (path) => (files.get(path)?.imports ?? []).flatMap((each) => each.path ?? []);
  const numbers = new Map();
  const lowest = new Map();
  const open = [];
  const circles = [];
  // Tarjan: a group is complete when its first file reaches none that was opened before it.
  const visit = (path) => {
    numbers.set(path, numbers.size);
    lowest.set(path, numbers.get(path));
    open.push(path);
    for (const target of next(path)) {
      if (!numbers.has(target)) visit(target);
      if (open.includes(target)) lowest.set(path, Math.min(lowest.get(path), lowest.get(target)));
    }
    if (lowest.get(path) !== numbers.get(path)) return;
    const group = open.splice(open.indexOf(path));
    if (group.length > 1) circles.push(group.toSorted());
  };
  for (const path of files.keys()) if (!numbers.has(path)) visit(path);
  return circles.map((group) => `${group.join(", ")}: they import each other in a circle`);
}
