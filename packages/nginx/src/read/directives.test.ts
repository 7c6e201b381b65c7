import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { allRules } from "./directives.ts";

describe("the table of nginx directives", () => {
  it("is what the documentation says is supported", () => {
    const docs = readFileSync(new URL("../../../../docs/nginx.md", import.meta.url), "utf8");
    const [, list = ""] = /\nSupported:\n([\s\S]*?)\nThe variables/.exec(docs) ?? [];
    const known = new Set(allRules().map(({ name }) => name));
    const documented = new Set(
      [...list.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name).filter((name) => known.has(name)),
    );
    const supported = new Set(
      allRules().flatMap(({ name, treatment }) => (treatment.kind === "supported" ? [name] : [])),
    );
    for (const name of ["ssl", "backlog", "down", "resolve", "weight"]) documented.delete(name);
    assert.deepEqual([...documented].toSorted(), [...supported].toSorted());
  });
});
