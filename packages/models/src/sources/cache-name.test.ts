import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hubCacheName, urlCacheName } from "./cache-name.ts";

const part = (number: number) =>
  urlCacheName(`https://a.example/${"long/".repeat(200)}big-0000${number}-of-00002.gguf?key=1`);

describe("the name of a file in the cache", () => {
  it("can be read, and is the same for no two sources", () => {
    assert.equal(hubCacheName("hf", { org: "a", repo: "b", file: "c-Q4_K_M.gguf" }), "hf_a_b_c-Q4_K_M.gguf");
    const names = [
      hubCacheName("hf", { org: "a", repo: "b_c", file: "d.gguf" }),
      hubCacheName("hf", { org: "a_b", repo: "c", file: "d.gguf" }),
      hubCacheName("hf", { org: "a", repo: "b", file: "c_d.gguf" }),
      hubCacheName("hf", { org: "a", repo: "b", file: "c/d.gguf" }),
      hubCacheName("hf", { org: "a", repo: "b", file: "c d.gguf" }),
      hubCacheName("hf", { org: "a", repo: "b", file: "c-d.gguf" }),
      hubCacheName("hf", { org: "a", repo: "b", revision: "c", file: "d.gguf" }),
      hubCacheName("ms", { org: "a", repo: "b", file: "c_d.gguf" }),
      urlCacheName("https://a.example/m.gguf"),
      urlCacheName("http://a.example/m.gguf"),
      urlCacheName("https://a.example:8443/m.gguf"),
      urlCacheName("https://a.example/m.gguf?version=1"),
      urlCacheName("https://a.example/m.gguf?version=2"),
      urlCacheName("https://a.example/%zz"),
    ];
    assert.equal(new Set(names).size, names.length, names.join(" "));
    for (const name of names) assert.match(name, /^[\w.@-]+\.gguf$/);
    assert.equal(urlCacheName("https://a.example/m.gguf#x"), urlCacheName("https://a.example/m.gguf"));
  });

  it("differs between the parts of one model in the part alone, and is short whatever the source", () => {
    assert.equal(part(1).replace("00001-of", "00002-of"), part(2));
    assert.ok(part(1).length < 100);
  });
});
