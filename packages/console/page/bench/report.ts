/** A report of `drover bench`, `bench compare` or `tune`, as it is shown. */
export interface Report {
  readonly title: string;
  readonly subtitle: string;
  readonly verdicts: readonly string[];
  readonly charts: readonly Chart[];
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly xLabel: string;
  readonly xs: readonly number[];
  readonly lines: readonly { readonly name: string; readonly ys: readonly (number | null)[] }[];
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}
