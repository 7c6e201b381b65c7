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

/** A JSON value of a file of which nothing is known. */
export class Found {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  at(name: string): Found {
    const value = this.#value;
    return new Found(
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined,
    );
  }

  get isThere(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  list(): readonly Found[] {
    return Array.isArray(this.#value) ? this.#value.map((value) => new Found(value)) : [];
  }

  text(): string {
    return typeof this.#value === "string" || typeof this.#value === "number" ? String(this.#value) : "";
  }

  number(): number | null {
    return typeof this.#value === "number" && Number.isFinite(this.#value) ? this.#value : null;
  }
}
