import { splitPart } from "../gguf/split-parts.ts";

/** Without a quantization: what most people want, then what a server is likely to have. Source: llama.cpp `common/download.cpp`. */
const USUAL = ["Q4_K_M", "Q8_0"];

/**
 * The file of a repository that a tag such as `Q4_K_M` or `latest` means: the first whose name has the tag as a word of its
 * own. Of a model in parts it is the first part. Projectors of images are no models.
 */
export function chooseFile<File extends { readonly path: string }>(
  files: readonly File[],
  tag: string,
): File | undefined {
  const models = files.filter(({ path }) => isModel(path));
  const tags = tag.toLowerCase() === "latest" ? USUAL : [tag];
  for (const wanted of tags) {
    const found = models.find(({ path }) => hasTag(path, wanted));
    if (found !== undefined) return found;
  }
  return tag.toLowerCase() === "latest" ? models[0] : undefined;
}

/** The words for a message: which quantizations there are. */
export function tagsOf(files: readonly { readonly path: string }[]): readonly string[] {
  const tags = files
    .filter(({ path }) => isModel(path))
    .flatMap(({ path }) => TAG.exec(path)?.[1]?.toUpperCase() ?? []);
  return [...new Set(tags)];
}

const TAG = /[.-]((?:UD-)?(?:I?Q\d[\w]*|BF16|F16|F32|MXFP4[\w]*))(?:-\d{5}-of-\d{5})?\.gguf$/i;

function isModel(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return !/mmproj|imatrix/i.test(name) && (splitPart(name)?.part ?? 1) === 1;
}

function hasTag(path: string, tag: string): boolean {
  const escaped = tag.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`(?:^|[./_-])${escaped}(?:[.-]|$)`, "i").test(path);
}
