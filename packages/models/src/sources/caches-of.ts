import { join } from "node:path";
import type { OtherCaches } from "./other-caches.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where Hugging Face's, llama.cpp's and ModelScope's tools keep models, by their variables. Sources: huggingface_hub `constants.py`, llama.cpp `common/hf-cache.cpp`, modelscope `file_utils.py`. */
export function cachesOf(environment: Environment, home: string): OtherCaches {
  const given = (...names: readonly string[]): readonly string[] =>
    names.flatMap((name) => (environment[name] === undefined || environment[name] === "" ? [] : [environment[name]]));
  const xdg = given("XDG_CACHE_HOME")[0] ?? join(home, ".cache");
  const llama = given("LLAMA_CACHE");
  const hfHome = given("HF_HOME").map((folder) => join(folder, "hub"));
  return {
    huggingFace: unique([
      ...given("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"),
      ...hfHome,
      ...llama,
      join(xdg, "huggingface", "hub"),
    ]),
    llamaCpp: unique([...llama, join(xdg, "llama.cpp")]),
    modelScope: unique([...given("MODELSCOPE_CACHE"), join(xdg, "modelscope")]),
  };
}

function unique(folders: readonly string[]): readonly string[] {
  return [...new Set(folders)];
}
