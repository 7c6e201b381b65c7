import { mkdir, open, type FileHandle, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { StoredBody } from "@drover/balancer/engine";

/** How much is read back at a time. */
const pieceBytes = 65_536;

/**
 * A request body in a file without a name: only this process can read it, and it is gone with its last use, however the process ends.
 * Source: nginx `client_body_temp_path`, `ngx_write_chain_to_temp_file`.
 */
export class SpooledBody implements StoredBody {
  readonly kind = "stored";
  readonly #file: FileHandle;
  #lengthBytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The folder is made where it is missing; its parent must be there. Rejects with the system's error. */
  static async open(folder: string, name: string): Promise<SpooledBody> {
    const path = join(folder, name);
    const file = await openNew(path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      await mkdir(folder, { mode: 0o700 }).catch((failure: NodeJS.ErrnoException) => {
        // Another body was as far at the same moment.
        if (failure.code !== "EEXIST") throw failure;
      });
      return openNew(path);
    });
    try {
      await unlink(path);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new SpooledBody(file);
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#lengthBytes);
      done += bytesWritten;
      this.#lengthBytes += bytesWritten;
    }
  }

  async read(offsetBytes: number): Promise<Buffer> {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, this.#lengthBytes - offsetBytes));
    const { bytesRead } = await this.#file.read(piece, 0, piece.length, offsetBytes);
    return piece.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function openNew(path: string): Promise<FileHandle> {
  return open(path, "wx+", 0o600);
}
