import { readFileSync } from "node:fs";

let known: string | undefined;

/** Of the Drover that runs: its packages have one version. Read once, because another one may replace it on disk. */
export function packageVersion(): string {
  known ??= (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
  return known;
}
