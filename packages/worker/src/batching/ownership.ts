import type { GenerationRequest } from "../generation-contract.ts";

/** Whose state it is, or who asks for some. */
export interface Ownership {
  /** Empty: everybody's. */
  readonly owner: string;
  /** So many of the first tokens are everybody's nevertheless. */
  readonly sharedTokens: number;
}

export const everybodys: Ownership = { owner: "", sharedTokens: 0 };

export function ownershipOf({ owner, systemTokens = 0 }: Pick<GenerationRequest, "owner" | "systemTokens">): Ownership {
  if (owner === undefined || owner.shares === "all") return everybodys;
  return { owner: owner.id, sharedTokens: owner.shares === "system" ? systemTokens : 0 };
}

/** May a request of the second use a state of the first, of which it needs the first `tokens`? */
export function mayUse(holder: Ownership, asker: Ownership, tokens: number): boolean {
  return holder.owner === asker.owner || tokens <= Math.min(holder.sharedTokens, asker.sharedTokens);
}
