import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fetchModel, findFetched, modelCacheDir } from "./fetch-model.ts";
import { resolveModelSource } from "./model-source.ts";
import { writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { serveFile, status, whole, type Answer } from "../test-support/file-server.ts";
import { withScratch } from "../test-support/scratch.ts";

/** A hub with one repository: its registry names the file, `/resolve/` serves it. */
function hub(paths: string[]): Answer {
  return (request, response, content, onceArrived) => {
    paths.push(request.url ?? "");
    if (request.url?.startsWith("/v2/") === true) {
      const knows = request.headers["user-agent"] === "llama-cpp" && request.url.endsWith("/manifests/Q4_K_M");
      const body = JSON.stringify(knows ? { ggufFile: { rfilename: "sub/tiny-q4_k_m.gguf" } } : {});
      return status(200, { "content-type": "application/json" }, body)(request, response, content, onceArrived);
    }
    return whole()(request, response, content, onceArrived);
  };
}

describe("fetchModel", () => {
  it("looks a Hugging Face quantization up once, and then needs no network", async () => {
    await withScratch(async (directory) => {
      await writeSyntheticModel("tiny", join(directory, "tiny.gguf"), "q4_0");
      const content = await readFile(join(directory, "tiny.gguf"));
      const paths: string[] = [];
      const server = await serveFile(content, hub(paths));
      const source = resolveModelSource("hf:some/tiny-GGUF:Q4_K_M");
      const options = { cacheDir: directory, endpoints: { huggingFace: `${server.url}/`, huggingFaceToken: "secret" } };
      const path = await fetchModel(source, options);
      assert.equal(path, join(directory, "hf_some_tiny-GGUF_sub_tiny-q4_k_m.gguf"));
      assert.ok((await readFile(path)).equals(content));
      assert.deepEqual(paths, [
        "/v2/some/tiny-GGUF/manifests/Q4_K_M",
        "/some/tiny-GGUF/resolve/main/sub/tiny-q4_k_m.gguf",
      ]);
      assert.deepEqual(
        server.requests.map((request) => request.headers.authorization),
        ["Bearer secret", "Bearer secret"],
      );
      await server.close();
      assert.equal(await fetchModel(source, options), path);
      assert.equal(await findFetched(source, options), path);
      assert.equal(await findFetched(resolveModelSource("hf:some/tiny-GGUF:Q8_0"), options), undefined);
    });
  });

  it("says that a repository has no such quantization", async () => {
    await withScratch(async (directory) => {
      const server = await serveFile(Buffer.alloc(0), status(404));
      const options = { cacheDir: directory, endpoints: { huggingFace: server.url } };
      const source = resolveModelSource("hf:some/tiny-GGUF:Q9");
      await assert.rejects(fetchModel(source, options), {
        code: "download_not_found",
        message: /hf:some\/tiny-GGUF:Q9/,
      });
      await server.close();
    });
  });

  it("names the mirror setting when Hugging Face can't be reached", async () => {
    await withScratch(async (directory) => {
      const options = { cacheDir: directory, endpoints: { huggingFace: "http://127.0.0.1:9" } };
      const source = resolveModelSource("hf:some/repo:Q8_0");
      await assert.rejects(fetchModel(source, options), { code: "download_failed", message: /HF_ENDPOINT/ });
    });
  });

  it("asks ModelScope for its own path", async () => {
    await withScratch(async (directory) => {
      await writeSyntheticModel("tiny", join(directory, "tiny.gguf"), "q4_0");
      const server = await serveFile(await readFile(join(directory, "tiny.gguf")), whole());
      const source = resolveModelSource("ms:Qwen/Some-GGUF/some.gguf");
      await fetchModel(source, { cacheDir: directory, endpoints: { modelScope: server.url } });
      assert.equal(server.requests[0]?.url, "/models/Qwen/Some-GGUF/resolve/master/some.gguf");
      await server.close();
    });
  });

  it("fetches every part of a model in parts, and gives the first", async () => {
    await withScratch(async (directory) => {
      await writeSyntheticModel("tiny", join(directory, "tiny.gguf"), "q4_0");
      const server = await serveFile(await readFile(join(directory, "tiny.gguf")), whole());
      const source = resolveModelSource("hf:a/b/big-00002-of-00003.gguf");
      const path = await fetchModel(source, { cacheDir: directory, endpoints: { huggingFace: server.url } });
      assert.equal(path, join(directory, "hf_a_b_big-00001-of-00003.gguf"));
      assert.deepEqual(
        server.requests.map((request) => request.url),
        [1, 2, 3].map((part) => `/a/b/resolve/main/big-0000${part}-of-00003.gguf`),
      );
      await server.close();
    });
  });

  it("says that a path does not exist", async () => {
    const source = resolveModelSource("/no/such.gguf");
    await assert.rejects(fetchModel(source, { cacheDir: "/tmp" }), {
      code: "model_missing",
      message: /\/no\/such\.gguf/,
    });
  });
});

describe("modelCacheDir", () => {
  it("follows XDG_CACHE_HOME where it is absolute", () => {
    assert.equal(modelCacheDir({}, "/home/a"), "/home/a/.cache/drover/models");
    assert.equal(modelCacheDir({ XDG_CACHE_HOME: "/big" }, "/home/a"), "/big/drover/models");
    assert.equal(modelCacheDir({ XDG_CACHE_HOME: "rel" }, "/home/a"), "/home/a/.cache/drover/models");
  });
});
