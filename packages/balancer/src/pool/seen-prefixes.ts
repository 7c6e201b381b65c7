import { createHash } from "node:crypto";
import { findRoute } from "@drover/contract/routes";

/** A request's text as a chain: each link stands for everything up to there. */
export interface PrefixChain {
  readonly links: readonly { readonly hash: string; readonly chars: number }[];
  /** Length of the entire text. */
  readonly chars: number;
}

/** What lies behind it in a body tells no more about where the request belongs. */
const mostBytes = 1_048_576;
/** Links remembered per upstream: about as many conversations as its KV cache could still hold. */
const mostLinks = 16_384;
/** The first pieces have this size; later ones a 32nd of what lies before them, so that a long prompt has few hundred links. */
const leastPieceBytes = 16;
const piecesBefore = 32;

/** Where the prompt's text begins: behind this, what several requests have in common is common to their prompts. */
const textStart = /"(?:content|text|prompt|input|system)"\s*:\s*"/;
const mostBytesBeforeText = 65_536;

/**
 * The chain of a prompt; undefined where the body has none. The body's bytes are hashed as they stand, because to parse a long one would hold up
 * everybody else: a conversation that goes on begins with the bytes that it had before. Chains of two owners have no link in common.
 */
export function prefixChain(path: string, body: Buffer, owner = ""): PrefixChain | undefined {
  if (findRoute("POST", path)?.generates !== true) return undefined;
  const found = textStart.exec(body.toString("latin1", 0, mostBytesBeforeText));
  if (found === null) return undefined;
  const text = body.subarray(found.index + found[0].length, mostBytes);
  const hash = createHash("sha1").update(`${owner}\n`);
  const links: { hash: string; chars: number }[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + Math.max(leastPieceBytes, Math.floor(at / piecesBefore));
    hash.update(text.subarray(at, end));
    at = Math.min(end, text.length);
    links.push({ hash: hash.copy().digest("base64"), chars: at });
  }
  return { links, chars: text.length };
}

/** Who may hold a chain: an upstream, or several together. */
export interface Holder {
  /** Another one: it holds nothing yet. */
  readonly generation: number;
}

/** Which upstream has seen which chains; what it has seen it may still hold. */
export class SeenPrefixes {
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
