// A folder is small enough that its file names alone say what is in it; files with tests do not count, what they import does.

const MOST_FILES = 15;

export function checkFolders(files) {
  const counts = new Map();
  for (const { path } of files.values()) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!/\.test\.tsx?$/.test(path)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > MOST_FILES)
    .map(
      ([folder, count]) => `${folder}: ${count} source files; more than ${MOST_FILES} need folders by noun or phase`,
    );
}
