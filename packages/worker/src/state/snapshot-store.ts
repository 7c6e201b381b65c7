import { messageOf } from "@drover/foundation/error-text";
import { chmodSync, readdirSync, renameSync, rmSync, statfsSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Time } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { evictSnapshots, type KeptFile } from "./evict-snapshots.ts";
import { mayUse, type Ownership } from "../batching/ownership.ts";
import { OwnedPrefixes } from "./owned-prefixes.ts";
import { commonPrefix } from "./slots-by-prefix.ts";
import { isSnapshot, readSnapshotHead, snapshotName, snapshotOwnership, unfinishedName } from "./snapshot-file.ts";

export interface SnapshotStoreParts {
  /** Which saves complete states. */
  readonly engine: Pick<Engine, "saveState" | "loadState" | "model">;
  readonly clock: Time;
  /** Exists, and is this user's alone. Other workers have it too. */
  readonly directory: string;
  /** Of all files in it. */
  readonly limitBytes: number;
  /** Of the model and of how its state is laid out: workers with the same one read each other's snapshots. */
  readonly key: string;
  /** Called once for each kind of trouble. */
  readonly onTrouble: (message: string) => void;
}

export interface Snapshot {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly bytes: number;
  readonly ownership: Ownership;
}

interface Found {
  readonly snapshot: Snapshot;
  readonly cachedTokens: number;
}

/** Shorter states are computed as fast as they are read. */
const LEAST_TOKENS = 16;

/** What the file system keeps free for others. */
const SPARE_BYTES = 16 * 2 ** 20;

/**
 * The KV states of ended requests, as files in memory that all workers of a supervisor share: any of them resumes
 * any conversation, and so does the one that replaces a dead one. There is no index but the directory itself; a
 * file appears complete (written aside, then renamed) or not at all, and a file that has gone is one that was never there.
 *
 * All but the states themselves is synchronous: the files are in memory, so it takes microseconds. A promise for it goes through another thread, which
 * waits for milliseconds for one of the CPUs on which llama.cpp's threads spin after a step.
 */
export class SnapshotStore {
  readonly #parts: SnapshotStoreParts;
  /** Ids of those that are known, by name. */
  readonly #known = new Map<string, number>();
  readonly #byId = new Map<number, Snapshot>();
  readonly #prefixes = new OwnedPrefixes();
  #ids = 0;
  #saved = 0;
  #loaded = 0;
  #savedBytes = 0;
  #loadedBytes = 0;
  #bytesPerToken = 0;
  /** Of any snapshot, as far as this worker has seen. */
  #latestUseMs = 0;
  readonly #troubles = new Set<string>();

  constructor(parts: SnapshotStoreParts) {
    this.#parts = parts;
  }

  /** For a look at what it does: of this worker, since its start. */
  facts() {
    const known = this.#known.size;
    const bytes = { savedBytes: this.#savedBytes, loadedBytes: this.#loadedBytes };
    return { known, saved: this.#saved, loaded: this.#loaded, ...bytes };
  }

  /** Takes notice of what other workers have saved or removed. */
  refresh(): void {
    const { directory, key } = this.#parts;
    const names = new Set(namesIn(directory).filter((name) => isSnapshot(name, key)));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#forget(name);
    for (const name of names) {
      if (this.#known.has(name)) continue;
      const head = readSnapshotHead(join(directory, name));
      if (head !== undefined) this.#file({ name, ...head, ownership: snapshotOwnership(name) });
    }
  }

  /** The snapshot that saves the most of this prompt of those that the asker may use, and how many of its tokens; as of the last refresh. */
  find(prompt: readonly number[], asker: Ownership): Found | undefined {
    if (!this.#parts.engine.model.canCutState) return this.#findUncut(prompt, asker);
    const { slots: ids, length } = this.#prefixes.longest(prompt, asker);
    const [snapshot] = ids.map((id) => this.#byId.get(id) as Snapshot).toSorted((a, b) => a.bytes - b.bytes);
    return snapshot === undefined ? undefined : { snapshot, cachedTokens: length };
  }

  /** The tokens of the asker's own snapshots that have the longest beginning of the prompt in common with it; as of the last refresh. */
  nearest(prompt: readonly number[], asker: Ownership): readonly (readonly number[])[] {
    return this.#prefixes
      .longest(prompt, asker)
      .slots.flatMap((id) => this.#byId.get(id) ?? [])
      .filter(({ ownership }) => ownership.owner === asker.owner)
      .map(({ tokens }) => tokens);
  }

  /** One that is, to its end, a beginning of the prompt: a state that can't be cut back is of no use otherwise. */
  #findUncut(prompt: readonly number[], asker: Ownership): Found | undefined {
    const [snapshot] = [...this.#byId.values()]
      .filter(({ tokens, ownership }) => mayUse(ownership, asker, tokens.length))
      .filter(({ tokens }) => tokens.length < prompt.length && commonPrefix(tokens, prompt) === tokens.length)
      .toSorted((a, b) => b.tokens.length - a.tokens.length);
    return snapshot === undefined ? undefined : { snapshot, cachedTokens: snapshot.tokens.length };
  }

  /** Puts it into a sequence. @returns the tokens that the sequence holds now: none where the snapshot has gone */
  async load(snapshot: Snapshot, sequence: number): Promise<readonly number[]> {
    const path = join(this.#parts.directory, snapshot.name);
    const tokens = await this.#parts.engine.loadState(sequence, path);
    if (tokens === undefined) {
      this.#forget(snapshot.name);
      return [];
    }
    this.#touch(snapshot.name);
    this.#loaded += 1;
    this.#loadedBytes += snapshot.bytes;
    return tokens;
  }

  /** Keeps what a sequence holds, where room can be made for it. Does nothing where it is kept already. Never rejects. */
  async save(sequence: number, tokens: readonly number[], ownership: Ownership): Promise<void> {
    if (tokens.length < LEAST_TOKENS) return;
    const holder = this.#holderOf(tokens, ownership);
    try {
      if (holder !== undefined) this.#touch(holder.name);
      else if (this.#makeRoom(tokens.length * this.#bytesPerToken)) await this.#write(sequence, tokens, ownership);
    } catch (error) {
      // Somebody has removed the directory: the supervisor does when it ends.
      this.#trouble(`a snapshot is lost: ${messageOf(error)}`);
    }
  }

  async #write(sequence: number, tokens: readonly number[], ownership: Ownership): Promise<void> {
    const { directory, key, engine } = this.#parts;
    const name = snapshotName(key, tokens, ownership);
    const unfinished = join(directory, unfinishedName(name, process.pid));
    if (!(await engine.saveState(sequence, tokens, unfinished))) {
      this.#trouble(cannotWrite(directory));
      return;
    }
    chmodSync(unfinished, 0o600);
    // The clock's time, as for every later use: a file system's is some milliseconds behind, and the same for several files.
    this.#markUsed(unfinished);
    const { size: bytes } = statSync(unfinished);
    renameSync(unfinished, join(directory, name));
    this.#bytesPerToken = bytes / tokens.length;
    const written = { name, tokens, bytes, ownership };
    this.#file(written);
    this.#saved += 1;
    this.#savedBytes += bytes;
    this.#dropBeginningsOf(written);
  }

  /** One of the same owner that begins with all of these tokens. */
  #holderOf(tokens: readonly number[], { owner }: Ownership): Snapshot | undefined {
    const { slots: ids, length } = this.#prefixes.longest(tokens, { owner, sharedTokens: 0 });
    if (length < tokens.length) return undefined;
    const holders = ids.map((id) => this.#byId.get(id) as Snapshot);
    return holders.find((held) => this.#parts.engine.model.canCutState || held.tokens.length === tokens.length);
  }

  /** A conversation's earlier turns are in its last one. */
  #dropBeginningsOf({ name, tokens, ownership }: Snapshot): void {
    if (!this.#parts.engine.model.canCutState) return;
    for (const other of this.#byId.values()) {
      const { length } = other.tokens;
      const isOwn = other.ownership.owner === ownership.owner && other.name !== name;
      if (isOwn && length <= tokens.length && commonPrefix(other.tokens, tokens) === length) this.#remove(other.name);
    }
  }

  /** False: what is needed is more than there may be. */
  #makeRoom(neededBytes: number): boolean {
    const { directory, limitBytes } = this.#parts;
    if (neededBytes > limitBytes) return false;
    const freeBytes = freeBytesOf(directory);
    if (freeBytes === undefined) return this.#trouble(cannotWrite(directory));
    const files = this.#files();
    for (const { lastUseMs } of files) this.#latestUseMs = Math.max(this.#latestUseMs, lastUseMs);
    const keptBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const mostBytes = Math.min(limitBytes, keptBytes + freeBytes - SPARE_BYTES);
    if (neededBytes > mostBytes) return false;
    for (const { name } of evictSnapshots(files, neededBytes, mostBytes)) this.#remove(name);
    return true;
  }

  /** All there are, of other models and unfinished ones too: what a killed worker left grows old, and goes first. */
  #files(): readonly KeptFile[] {
    const { directory } = this.#parts;
    return readdirSync(directory).flatMap((name) => {
      const found = statSync(join(directory, name), { throwIfNoEntry: false });
      return found === undefined ? [] : [{ name, bytes: found.size, lastUseMs: found.mtimeMs }];
    });
  }

  #touch(name: string): void {
    try {
      this.#markUsed(join(this.#parts.directory, name));
    } catch {
      this.#forget(name);
    }
  }

  /** Behind all uses that are known: where the machine's date is set back, what is used now would be the first to go. */
  #markUsed(path: string): void {
    this.#latestUseMs = Math.max(this.#parts.clock.epochMs(), this.#latestUseMs + 1);
    utimesSync(path, this.#latestUseMs / 1000, this.#latestUseMs / 1000);
  }

  #remove(name: string): void {
    this.#forget(name);
    try {
      rmSync(join(this.#parts.directory, name), { force: true });
    } catch {
      // Somebody else's: it grows old and goes another time.
    }
  }

  #file(snapshot: Snapshot): void {
    const id = this.#ids++;
    this.#known.set(snapshot.name, id);
    this.#byId.set(id, snapshot);
    this.#prefixes.set(id, snapshot.tokens, snapshot.ownership);
  }

  #forget(name: string): void {
    const id = this.#known.get(name);
    if (id === undefined) return;
    this.#known.delete(name);
    this.#byId.delete(id);
    this.#prefixes.delete(id);
  }

  #trouble(message: string): false {
    if (!this.#troubles.has(message)) this.#parts.onTrouble(message);
    this.#troubles.add(message);
    return false;
  }
}

/** None where the directory has gone. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** What an ordinary user may still write; undefined where nobody can say. */
function freeBytesOf(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function cannotWrite(directory: string): string {
  return `a snapshot can't be written to ${directory}: conversations stay with their workers`;
}
