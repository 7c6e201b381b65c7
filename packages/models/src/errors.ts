/** Why a model can't be used, made or fetched. */
export type ModelErrorCode =
  /** No such file (readModelInfo, fetchModel of a path). */
  | "model_missing"
  /** The file is there, but may not be read, or is a directory. */
  | "model_unreadable"
  /** The file (or the download) is not GGUF. */
  | "model_not_gguf"
  /** GGUF, but its header contradicts itself. */
  | "model_corrupt"
  /** The header is fine, and the file ends before its tensors do, or a part of a multi-part model is missing. */
  | "model_truncated"
  /** A sound file that llama.cpp can't run as a chat model. */
  | "model_unsupported"
  /** The text given as a model is none of the known forms. */
  | "source_invalid"
  /** The server has no such file (404, 410). */
  | "download_not_found"
  /** The server wants a token, or the licence was not accepted (401, 403). */
  | "download_forbidden"
  /** Every try failed; the message holds the last reason. */
  | "download_failed"
  /** The server sent something else than announced (size, not GGUF). */
  | "download_wrong_content"
  /** The server's file is longer than a download may be. */
  | "download_too_large"
  /** Another process downloads the same file and did not finish in time. */
  | "download_busy"
  /** The caller's signal. */
  | "download_aborted"
  /** No room for the file. */
  | "disk_full"
  /** The file can't be written (permission, no such directory). */
  | "write_failed";

/** Thrown by every function of this package; `message` is one sentence for the user: the thing, the reason, what to do. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
