/** A report as the console shows it. */
export interface ShownReport {
  readonly title: string;
  readonly verdicts: readonly string[];
  readonly charts: readonly { readonly title: string; readonly xs: readonly number[] }[];
  readonly tables: readonly { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }[];
}

/** Reads a report's JSON or page as the console does, whose modules are for nobody else; undefined where it knows none in it. */
export async function readForConsole(text: string): Promise<ShownReport | undefined> {
  const file = new URL("../../../packages/console/dist/page-modules/bench/read-report.js", import.meta.url);
  const { readReport } = (await import(file.href)) as {
    readonly readReport: (text: string) => ShownReport | undefined;
  };
  return readReport(text);
}
