// Builds the page of `page/` into `dist/page/` by esbuild; `pnpm build`, `start` and `test` run it. Nothing is done where
// every input still has the content that the last build saw.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const home = dirname(fileURLToPath(import.meta.url));
const target = join(home, "dist", "page");
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
const recordPath = join(target, "inputs.json");

/**
 * Where libraries gather all that they have in one object at the end of their file, no bundler can drop what the page does not use: marked's writer of HTML,
 * temml's search of a page for formulas. The build puts an export of the used part there instead: 4 KB less to send.
 */
const gatherings = [
  {
    file: /marked\.esm\.js$/,
    begins: /var (\w+)=new \w+;function \w+\(\w+,\w+\)\{return \1\.parse\(/,
    used: /\w+ as Lexer\b/,
  },
  {
    file: /temml\.mjs$/,
    begins: /^var temml\$1 = \{$/m,
    used: /\btemml\$1 as default\b/,
    instead: "export default { render };",
  },
];
const usedPartsAlone = {
  name: "used-parts-alone",
  setup({ onLoad }) {
    for (const { file, begins, used, instead } of gatherings) {
      onLoad({ filter: file }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const [begin, exported] = [text.search(begins), used.exec(text)?.[0]];
        if (begin < 0 || exported === undefined)
          throw new Error(`${path} does not end as packages/console/build.mjs knows it`);
        return { contents: text.slice(0, begin) + (instead ?? `export { ${exported} };`) };
      });
    }
  },
};

if (!(await isFresh())) await build();

async function isFresh() {
  try {
    const record = JSON.parse(await readFile(recordPath, "utf8"));
    return record.digest === (await digestOf(record.inputs));
  } catch {
    return false;
  }
}

async function digestOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0`).update(await readFile(join(home, path)));
  return hash.digest("hex");
}

async function build() {
  const { build: bundle } = await import("esbuild");
  const { metafile, outputFiles } = await bundle({
    absWorkingDir: home,
    entryPoints: ["page/main.tsx", "page/style/main.css"],
    outdir: target,
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    format: "esm",
    target: ["chrome120", "firefox121", "safari17.2"],
    jsx: "automatic",
    jsxImportSource: "preact",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    loader: { ".svg": "file" },
    plugins: [usedPartsAlone],
    legalComments: "none",
    logLevel: "warning",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const html = await pageText(Object.keys(metafile.outputs).map((path) => basename(path)));
  // In a folder of its own first: who serves the last build never sees half of the next one.
  const fresh = `${target}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  const files = outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]);
  for (const [name, bytes] of [...files, ["index.html", Buffer.from(html)]]) {
    await writeFile(join(fresh, name), bytes);
    await writeFile(join(fresh, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    await writeFile(join(fresh, `${name}.br`), brotliCompressSync(bytes, brotli));
  }
  const inputs = [...Object.keys(metafile.inputs), "page/index.html", "build.mjs"].map((path) =>
    relative(home, resolve(home, path)),
  );
  await writeFile(join(fresh, "inputs.json"), JSON.stringify({ digest: await digestOf(inputs), inputs }));
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

/** `index.html` with the names of this build's files; the server puts the path before them. */
async function pageText(names) {
  const named = (pattern) => names.find((name) => pattern.test(name));
  const text = await readFile(join(home, "page", "index.html"), "utf8");
  return text
    .replace("icon.svg", named(/^icon-.*\.svg$/))
    .replace("main.css", named(/^main-.*\.css$/))
    .replace("main.js", named(/^main-.*\.js$/));
}
