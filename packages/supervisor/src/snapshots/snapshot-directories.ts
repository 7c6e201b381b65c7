import { lstatSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "../placement/machine-files.ts";
import { readSharedMemory, SHARED_MEMORY, type SharedMemory } from "../placement/shared-memory.ts";
import { ownerOf, type SharedEntry, type SnapshotOwner } from "./snapshot-owner.ts";

/** Directories of snapshots that supervisors of this user have made, dead ones too. */
export function listSnapshotDirectories(
  root: string,
  uid: number,
): readonly { readonly path: string; readonly owner: SnapshotOwner }[] {
  return listEntries(root).flatMap((entry) => {
    const owner = ownerOf(entry, uid);
    return owner === undefined ? [] : [{ path: join(root, entry.name), owner }];
  });
}

/** Shared memory as a drover would find it that replaces those of this user. */
export function sharedMemoryForNext(): SharedMemory {
  const shared = readSharedMemory();
  const held = listSnapshotDirectories(SHARED_MEMORY, process.geteuid?.() ?? -1).map(({ path }) => bytesIn(path));
  return { ...shared, freeBytes: shared.freeBytes + held.reduce((sum, bytes) => sum + bytes, 0) };
}

function listEntries(root: string): readonly SharedEntry[] {
  return filesBelow(root)
    .list("")
    .flatMap((name) => {
      // A link is not followed.
      const found = name.startsWith("drover-") ? lstatSync(join(root, name), { throwIfNoEntry: false }) : undefined;
      return found === undefined ? [] : [{ name, isDirectory: found.isDirectory(), uid: found.uid }];
    });
}

function bytesIn(directory: string): number {
  const sizes = filesBelow(directory)
    .list("")
    .map((name) => lstatSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
