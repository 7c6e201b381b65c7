/** A JSON value of a file of which nothing is known. Each reading takes the names that lead to a value in it; without any it is of the value itself. */
export class Found {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** What is no JSON holds nothing. */
  static in(text: string): Found {
    try {
      return new Found(JSON.parse(text));
    } catch {
      return new Found(undefined);
    }
  }

  has(...path: readonly string[]): boolean {
    const value = this.#read(path);
    return value !== undefined && value !== null;
  }

  list(...path: readonly string[]): readonly Found[] {
    const value = this.#read(path);
    return Array.isArray(value) ? value.map((entry) => new Found(entry)) : [];
  }

  string(...path: readonly string[]): string | undefined {
    const value = this.#read(path);
    return typeof value === "string" ? value : undefined;
  }

  /** A number as well. */
  text(...path: readonly string[]): string {
    const value = this.#read(path);
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  }

  number(...path: readonly string[]): number | null {
    const value = this.#read(path);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  }

  #read(path: readonly string[]): unknown {
    let value = this.#value;
    for (const name of path)
      value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    return value;
  }
}
