import type { NativeEmbeddingContext } from "./native-context.ts";
import type { EmbeddingSteps, SteppedEmbedder } from "./engine.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** A text is decoded in pieces of so many tokens, where its model can. */
const PIECE_TOKENS = 512;

/** And in these while responses wait for each piece: about what is read of a prompt at a stretch. */
const SHARED_PIECE_TOKENS = 64;

export interface LlamaEmbedderParts {
  /** For one sequence, of at least `pieceTokens` in a batch. */
  readonly context: NativeEmbeddingContext;
  readonly contextTokens: number;
  readonly pieceTokens: number;
  /** Tokens that a text begins and ends with. */
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** What of a model's metadata says how its vectors come about. */
interface EmbeddingMetadata {
  readonly pooling_type?: number;
  readonly attention?: { readonly causal?: boolean };
}

/** `enum llama_pooling_type`: the last token's vector stands for the text in both. */
const POOLING_NONE = 0;
const POOLING_LAST = 3;

/** Where each token looks only at those before it, and the last one's vector counts, a text need not be decoded at once. */
export function pieceTokensOf({ pooling_type, attention }: EmbeddingMetadata, contextTokens: number): number {
  const pooling = pooling_type ?? POOLING_NONE;
  const isCuttable = attention?.causal !== false && (pooling === POOLING_NONE || pooling === POOLING_LAST);
  return isCuttable ? Math.min(PIECE_TOKENS, contextTokens) : contextTokens;
}

interface EndTokens {
  readonly bos: number | null;
  readonly eos: number | null;
  readonly sep: number | null;
  readonly shouldPrependBosToken: boolean;
  readonly shouldAppendEosToken: boolean;
}

/** What a text is put between, by the kind of its vocabulary. Source: `llama_tokenize_internal` in llama.cpp's llama-vocab.cpp. */
export function endsOf(kind: string | undefined, tokens: EndTokens): Pick<LlamaEmbedderParts, "first" | "last"> {
  const { bos, eos, sep, shouldPrependBosToken, shouldAppendEosToken } = tokens;
  const [first, last] =
    kind === "rwkv"
      ? [null, null]
      : kind === "wpm"
        ? [bos, sep]
        : kind === "ugm"
          ? [null, eos]
          : [shouldPrependBosToken ? bos : null, shouldAppendEosToken ? eos : null];
  return { first: first ?? undefined, last: last ?? undefined };
}

/** llama.cpp's decodes for vectors of texts, one text after the other. */
export function createLlamaEmbedder(parts: LlamaEmbedderParts): SteppedEmbedder {
  const { context, contextTokens, pieceTokens, first, last } = parts;
  const inTurn = oneAtATime();
  const nextPiece = (steps: EmbeddingSteps) =>
    pieceTokens < contextTokens && steps.areShared() ? Math.min(SHARED_PIECE_TOKENS, pieceTokens) : pieceTokens;
  const embed = async (text: readonly number[], steps: EmbeddingSteps) => {
    const tokens = [
      ...(first === undefined || text[0] === first ? [] : [first]),
      ...text,
      ...(last === undefined || text.at(-1) === last ? [] : [last]),
    ];
    if (tokens.length === 0) return [];
    context.removeTokenCellsFromSequence(0, 0, -1);
    let from = 0;
    while (from < tokens.length) {
      const piece = Uint32Array.from(tokens.slice(from, from + nextPiece(steps)));
      const position = from;
      await steps.run(async () => {
        context.initBatch(piece.length);
        // llama.cpp computes vectors of all tokens, and warns where fewer are asked for.
        context.addToBatch(0, position, piece, Uint32Array.from(piece.keys()));
        await context.decodeBatch();
      });
      from += piece.length;
    }
    return normalized(Array.from(context.getEmbedding(tokens.length)));
  };
  return {
    maxTokens: contextTokens - 2,
    embed: (tokens, steps) => inTurn(() => embed(tokens, steps)),
  };
}

function normalized(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
