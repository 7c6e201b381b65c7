// What comments say of other files: each TypeScript file that one names is there, so that a reader who looks for it finds it.
import { basename } from "node:path";

export function checkNamedFiles(files) {
  const known = new Set([...files.keys()].map((path) => basename(path)));
  return [...files.values()].flatMap(({ path, comments }) =>
    [...new Set(comments.join("\n").match(/[\w.-]+\.tsx?\b/g))]
      .filter((name) => !known.has(name))
      .map((name) => `${path}: a comment names ${name}, which is not there`),
  );
}
