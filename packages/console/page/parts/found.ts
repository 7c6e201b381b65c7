/** A JSON value of a file of which nothing is known. */
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

  string(): string | undefined {
    return typeof this.#value === "string" ? this.#value : undefined;
  }

  /** A number as well. */
  text(): string {
    return typeof this.#value === "string" || typeof this.#value === "number" ? String(this.#value) : "";
  }

  number(): number | null {
    return typeof this.#value === "number" && Number.isFinite(this.#value) ? this.#value : null;
  }
}
