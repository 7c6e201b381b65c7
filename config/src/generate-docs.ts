import { renderExampleFile } from "./example-file.ts";
import { settingsJsonSchema } from "./json-schema.ts";
import { renderDocs } from "./render-docs.ts";

/** A file of the repository that is made by the code and committed, so that it can be read without a build. */
export interface GeneratedFile {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** What the settings table yields. `scripts/generate-docs.mjs` writes and checks it. */
export function generatedConfigFiles(): readonly GeneratedFile[] {
  return [
    { path: "docs/configuration.md", text: renderDocs() },
    { path: "config/files/drover.schema.json", text: `${JSON.stringify(settingsJsonSchema(), null, 2)}\n` },
    { path: "config/files/drover.example.yaml", text: renderExampleFile() },
  ];
}
