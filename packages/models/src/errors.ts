/**
 * Why a model can't be used, made or fetched.
 *
 * - `model_missing`: no such file (readModelInfo, fetchModel of a path)
 * - `model_unreadable`: the file is there, but may not be read, or is a directory
 * - `model_not_gguf`: the file (or the download) is not GGUF
 * - `model_corrupt`: GGUF, but its header contradicts itself
 * - `model_truncated`: the header is fine, and the file ends before its tensors do, or a part of a multi-part model is missing
 * - `model_unsupported`: a sound file that llama.cpp can't run as a chat model
 * - `source_invalid`: the text given as a model is none of the known forms
 * - `download_not_found`: the server has no such file (404, 410)
 * - `download_forbidden`: the server wants a token, or the licence was not accepted (401, 403)
 * - `download_failed`: every try failed; the message holds the last reason
 * - `download_wrong_content`: the server sent something else than announced (size, not GGUF)
 * - `download_too_large`: the server's file is longer than a download may be
 * - `download_busy`: another process downloads the same file and did not finish in time
 * - `download_aborted`: the caller's signal
 * - `disk_full`: no room for the file
 * - `write_failed`: the file can't be written (permission, no such directory)
 */
export type ModelErrorCode =
  | "model_missing"
  | "model_unreadable"
  | "model_not_gguf"
  | "model_corrupt"
  | "model_truncated"
  | "model_unsupported"
  | "source_invalid"
  | "download_not_found"
  | "download_forbidden"
  | "download_failed"
  | "download_wrong_content"
  | "download_too_large"
  | "download_busy"
  | "download_aborted"
  | "disk_full"
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
