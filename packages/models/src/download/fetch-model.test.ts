import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fetchModel, findFetched, modelCacheDir } from "./fetch-model.ts";
import { resolveModelSource } from "../sources/model-source.ts";
import { writeSyntheticModel } from "../synthetic/synthetic-model.ts";
import { serveFile, status, whole, type FileResponse } from "../test-support/file-server.ts";
import { withScratch } from "../test-support/scratch.ts";

const NAMES = ["README.md", "mmproj-q4_k_m.gguf", "tiny-Q8_0.gguf", "sub/tiny-q4_k_m.gguf", "tiny-q4_k_m_l.gguf"];

/** A hub with one repository: it lists its files as Hugging Face and ModelScope do, and serves them. */
function hub(paths: string[], sha256Of = sha256): FileResponse {
  return (request, response, content, onceArrived) => {
    const path = request.url ?? "";
    paths.push(path);
    const json = (body: unknown) =>
      status(200, { "content-type": "application/json" }, JSON.stringify(body))(
        request,
        response,
        content,
        onceArrived,
      );
    if (path.startsWith("/api/models/"))
      return json(
        NAMES.map((path) => ({ type: "file", path, size: 1, oid: "0".repeat(40), lfs: { oid: sha256(content) } })),
      );
    if (path.startsWith("/api/v1/models/"))
      return json({ Data: { Files: NAMES.map((Path) => ({ Type: "blob", Path, Sha256: sha256Of(content) })) } });
    // As Hugging Face does, which then redirects to a server that tells nothing.
    if (!path.startsWith("/cdn/") && path.includes("/resolve/main/") && request.headers.authorization !== undefined) {
      response.writeHead(302, { location: `/cdn${path}`, "x-linked-etag": `"${sha256Of(content)}"` });
      return response.end();
    }
    return whole()(request, response, content, onceArrived);
  };
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function wrongDigest(): string {
  return "a".repeat(64);
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
      assert.match(path, /\/[\da-f]{16}@hf_some_tiny-GGUF_sub_tiny-q4_k_m\.gguf$/);
      assert.ok((await readFile(path)).equals(content));
      assert.deepEqual(paths, [
        "/api/models/some/tiny-GGUF/tree/main?recursive=true",
        "/some/tiny-GGUF/resolve/main/sub/tiny-q4_k_m.gguf",
        "/cdn/some/tiny-GGUF/resolve/main/sub/tiny-q4_k_m.gguf",
      ]);
      assert.deepEqual(
        server.requests.map((request) => request.headers.authorization),
        ["Bearer secret", "Bearer secret", "Bearer secret"],
      );
      await server.close();
      assert.equal(await fetchModel(source, options), path);
      assert.equal(await findFetched(source, options), path);
      assert.equal(await findFetched(resolveModelSource("hf:some/tiny-GGUF:Q8_0"), options), undefined);
    });
  });

  it("takes no file whose bytes are not those that the hub has, and leaves nothing of it", async () => {
    await withScratch(async (directory) => {
      await writeSyntheticModel("tiny", join(directory, "tiny.gguf"), "q4_0");
      const content = await readFile(join(directory, "tiny.gguf"));
      const server = await serveFile(content, hub([], wrongDigest));
      const endpoints = { huggingFace: server.url, huggingFaceToken: "t", modelScope: server.url };
      const cacheDir = join(directory, "cache");
      for (const text of ["hf:some/tiny-GGUF:Q8_0", "ms:some/tiny-GGUF:Q8_0", "ms:some/tiny-GGUF/tiny-Q8_0.gguf"])
        await assert.rejects(fetchModel(resolveModelSource(text), { cacheDir, endpoints }), {
          code: "download_wrong_content",
          message: /SHA-256 [\da-f]{64} instead of a{64}/,
        });
      assert.deepEqual(await readdir(cacheDir), []);
      await server.close();
    });
  });

  it("fetches a ModelScope quantization by its own list and path", async () => {
    await withScratch(async (directory) => {
      await writeSyntheticModel("tiny", join(directory, "tiny.gguf"), "q4_0");
      const paths: string[] = [];
      const server = await serveFile(await readFile(join(directory, "tiny.gguf")), hub(paths));
      const options = { cacheDir: directory, endpoints: { modelScope: server.url } };
      const path = await fetchModel(resolveModelSource("ms:some/tiny-GGUF"), options);
      assert.match(path, /\/[\da-f]{16}@ms_some_tiny-GGUF_sub_tiny-q4_k_m\.gguf$/);
      assert.equal(paths[0], "/api/v1/models/some/tiny-GGUF/repo/files?Revision=master&Recursive=true");
      assert.equal(paths.at(-1), "/models/some/tiny-GGUF/resolve/master/sub/tiny-q4_k_m.gguf");
      await assert.rejects(fetchModel(resolveModelSource("ms:some/tiny-GGUF:Q5_K_M"), options), {
        code: "download_not_found",
        message: /ms:some\/tiny-GGUF:Q5_K_M does not exist; the repository has these: Q8_0, Q4_K_M, Q4_K_M_L\./,
      });
      await server.close();
    });
  });

  it("says that a repository has no such quantization", async () => {
    await withScratch(async (directory) => {
      const server = await serveFile(Buffer.alloc(0), status(404));
      const options = { cacheDir: directory, endpoints: { huggingFace: server.url } };
      const source = resolveModelSource("hf:some/tiny-GGUF:Q9");
      await assert.rejects(fetchModel(source, options), {
        code: "download_not_found",
        message: /hf:some\/tiny-GGUF does not exist/,
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
      assert.equal(server.requests.at(-1)?.url, "/models/Qwen/Some-GGUF/resolve/master/some.gguf");
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

  it("serves no model for another one: another query, port or folder is another model", async () => {
    await withScratch(async (directory) => {
      const served = async (type: "q4_0" | "q8_0") => {
        await writeSyntheticModel("tiny", join(directory, `${type}.gguf`), type);
        return await readFile(join(directory, `${type}.gguf`));
      };
      const [one, other] = [await served("q4_0"), await served("q8_0")];
      const choose: FileResponse = (request, response, _content, onceArrived) =>
        whole()(request, response, request.url?.includes("other") === true ? other : one, onceArrived);
      const [server, second] = [await serveFile(one, choose), await serveFile(other, whole())];
      const cacheDir = join(directory, "cache");
      const fetched = async (url: string) => await readFile(await fetchModel({ type: "url", url }, { cacheDir }));
      assert.ok((await fetched(`${server.url}/get?file=one`)).equals(one));
      assert.ok((await fetched(`${server.url}/get?file=other`)).equals(other));
      assert.ok((await fetched(`${second.url}/get?file=one`)).equals(other));
      assert.ok((await fetched(`${server.url}/%zz.gguf`)).equals(one), "a path that is no encoding of anything");
      await Promise.all([server.close(), second.close()]);
      assert.ok((await fetched(`${server.url}/get?file=other`)).equals(other), "without a server");
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
