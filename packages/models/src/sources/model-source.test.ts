import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { ModelError } from "../errors.ts";
import { resolveModelSource, type ModelSource } from "./model-source.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

const CASES: readonly (readonly [string, ModelSource])[] = [
  ["demo", { type: "demo" }],
  ["./demo", { type: "path", path: "./demo" }],
  ["/models/a b.gguf", { type: "path", path: "/models/a b.gguf" }],
  ["file:///models/a.gguf", { type: "path", path: "/models/a.gguf" }],
  ["C:\\models\\a.gguf", { type: "path", path: "C:\\models\\a.gguf" }],
  ["hf:o/r/f.gguf", { type: "hub-file", hub: "huggingFace", org: "o", repo: "r", file: "f.gguf", revision: "main" }],
  [
    "hf://o/r/d/f.gguf#v2",
    { type: "hub-file", hub: "huggingFace", org: "o", repo: "r", file: "d/f.gguf", revision: "v2" },
  ],
  ["hf:o/r:Q4_K_M", { type: "hub-tag", hub: "huggingFace", org: "o", repo: "r", tag: "Q4_K_M" }],
  ["huggingface:o/r", { type: "hub-tag", hub: "huggingFace", org: "o", repo: "r", tag: "latest" }],
  ["ms:o/r/f.gguf", { type: "hub-file", hub: "modelScope", org: "o", repo: "r", file: "f.gguf", revision: "master" }],
  ["ms:o/r:Q8_0", { type: "hub-tag", hub: "modelScope", org: "o", repo: "r", tag: "Q8_0" }],
  ["modelscope://o/r", { type: "hub-tag", hub: "modelScope", org: "o", repo: "r", tag: "latest" }],
  ["https://example.org/f.gguf?x=1", { type: "url", url: "https://example.org/f.gguf?x=1" }],
  [
    "https://huggingface.co/o/r/blob/main/f.gguf",
    { type: "hub-file", hub: "huggingFace", org: "o", repo: "r", file: "f.gguf", revision: "main" },
  ],
  [
    "https://modelscope.cn/models/o/r/summary",
    { type: "hub-tag", hub: "modelScope", org: "o", repo: "r", tag: "latest" },
  ],
  [
    "https://www.modelscope.cn/models/o/r/file/view/v1/d%2Ff.gguf?status=2",
    { type: "hub-file", hub: "modelScope", org: "o", repo: "r", file: "d/f.gguf", revision: "v1" },
  ],
  [
    "https://modelscope.cn/models/o/r/file/view/master?fileName=f.gguf",
    { type: "hub-file", hub: "modelScope", org: "o", repo: "r", file: "f.gguf", revision: "master" },
  ],
  [
    "https://modelscope.cn/models/o/r/resolve/master/f.gguf",
    { type: "hub-file", hub: "modelScope", org: "o", repo: "r", file: "f.gguf", revision: "master" },
  ],
  ["https://huggingface.co/o/r", { type: "hub-tag", hub: "huggingFace", org: "o", repo: "r", tag: "latest" }],
];

const INVALID = [
  "",
  "  ",
  "hf:",
  "hf:o",
  "hf:/r:Q4_0",
  "hf:o/r:",
  "hf:o/r/f.bin",
  "hf:o/../f.gguf",
  "ms:o",
  "ms:o/r/f.bin",
  "s3://b/f.gguf",
  "https://",
];

describe("resolveModelSource", () => {
  for (const [text, source] of CASES) {
    it(`reads ${text} as ${source.type}`, () => assert.deepEqual(resolveModelSource(text), source));
  }

  for (const text of INVALID) {
    it(`refuses ${JSON.stringify(text)} and shows the forms`, () => {
      assert.throws(() => resolveModelSource(text), { code: "source_invalid", message: /hf:ORG\/REPO:Q4_K_M/ });
    });
  }

  it("answers any text with a source or with source_invalid", () => {
    const prefix = fc.constantFrom("", "hf:", "hf://", "ms:", "https://", "https://huggingface.co/", "x://");
    fc.assert(
      fc.property(prefix, fc.string(), (start, rest) => {
        try {
          resolveModelSource(start + rest);
        } catch (error) {
          assert.ok(error instanceof ModelError && error.code === "source_invalid", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
