import { findRoute } from "@drover/contract/routes";
import { jsonOf } from "@drover/foundation/json-text";
import { createHash } from "node:crypto";

/** A request's text as a chain: each link stands for everything up to there. */
export interface PrefixChain {
  readonly links: readonly { readonly hash: string; readonly chars: number }[];
  /** Length of the whole text. */
  readonly chars: number;
}

/** Larger bodies are not looked into: parsing them would hold up everyone else. */
const mostBytes = 1_048_576;
/** Chains remembered per upstream: about as many conversations as its KV cache could still hold. */
const mostLinks = 4096;
/** Plain prompts have no messages; they are cut into pieces of this size. */
const pieceChars = 512;

/** The chain of a chat's messages, or of a prompt's pieces; undefined where the body is neither. */
export function prefixChain(path: string, body: Buffer): PrefixChain | undefined {
  if (body.length > mostBytes || findRoute("POST", path)?.generates !== true) return undefined;
  const texts = textsOf(body);
  if (texts === undefined || texts.length === 0) return undefined;
  const hash = createHash("sha1");
  const links: { hash: string; chars: number }[] = [];
  let chars = 0;
  for (const text of texts) {
    chars += text.length;
    hash.update(text).update("\0");
    links.push({ hash: hash.copy().digest("base64"), chars });
  }
  return { links, chars };
}

/** Who may hold a chain: an upstream, or several together. */
export interface Holder {
  /** Another one: it holds nothing yet. */
  readonly generation: number;
}

/** Which upstream has seen which chains; what it has seen it may still hold. */
export class PrefixIndex {
  readonly #seen = new WeakMap<Holder, { generation: number; links: Map<string, number> }>();

  /** Characters at the start of the text that the holder has seen. */
  held(holder: Holder, chain: PrefixChain): number {
    const links = this.#linksOf(holder);
    for (let index = chain.links.length - 1; index >= 0; index -= 1) {
      const link = chain.links[index];
      if (link !== undefined && links.has(link.hash)) return link.chars;
    }
    return 0;
  }

  /** The holder was given this text. */
  remember(holder: Holder, chain: PrefixChain): void {
    const links = this.#linksOf(holder);
    for (const { hash, chars } of chain.links) {
      links.delete(hash);
      links.set(hash, chars);
    }
    for (const oldest of links.keys()) {
      if (links.size <= mostLinks) break;
      links.delete(oldest);
    }
  }

  /** A restarted worker holds nothing. */
  #linksOf(holder: Holder): Map<string, number> {
    const known = this.#seen.get(holder);
    if (known !== undefined && known.generation === holder.generation) return known.links;
    const links = new Map<string, number>();
    this.#seen.set(holder, { generation: holder.generation, links });
    return links;
  }
}

function textsOf(body: Buffer): readonly string[] | undefined {
  const parsed = jsonOf(body.toString());
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { messages, system, prompt, input } = parsed as Record<string, unknown>;
  if (Array.isArray(messages)) {
    const texts = messages.map((message) => JSON.stringify(message) ?? "");
    return system === undefined ? texts : [JSON.stringify(system), ...texts];
  }
  const text = typeof prompt === "string" ? prompt : typeof input === "string" ? input : undefined;
  return text === undefined ? undefined : pieces(text);
}

function pieces(text: string): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / pieceChars) }, (_, index) =>
    text.slice(index * pieceChars, (index + 1) * pieceChars),
  );
}
