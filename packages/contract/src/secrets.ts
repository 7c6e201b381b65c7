import { createHash, timingSafeEqual } from "node:crypto";

/** A digest, which may be kept where the secret itself may not. All have one length. */
export function secretDigest(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

/** Takes as long for a near miss as for any other. */
export function isSameDigest(one: Buffer, other: Buffer): boolean {
  return timingSafeEqual(one, other);
}

/** The same for secrets, of any length. */
export function isSameSecret(one: string, other: string): boolean {
  return isSameDigest(secretDigest(one), secretDigest(other));
}
