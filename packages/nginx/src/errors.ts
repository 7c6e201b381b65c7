/** Base of every error this package throws on purpose; `code` is literal and stable. */
export abstract class NginxError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** The "file" of directives given with `-g`: they have no lines. */
export const commandLine = "command line";

/** Where a word of an nginx configuration stands. */
export interface ConfigPosition {
  readonly file: string;
  /** Counted from 1, as nginx counts. */
  readonly line: number;
}

/** Of what no file says: nginx's defaults, and addresses that only a request knows. */
export const nowhere: ConfigPosition = { file: "", line: 0 };

/** `NGINX_UNKNOWN`: a name that a module could have which Drover does not know; `NGINX_UNSUPPORTED`: what nginx can do and Drover cannot. */
export type NginxConfigErrorCode = "NGINX_CONFIG" | "NGINX_UNKNOWN" | "NGINX_UNSUPPORTED";

/**
 * Thrown by the nginx configuration reader, and by nothing else in it: whatever the bytes of a file are, reading them ends
 * in a configuration or in this. The message has nginx's own form (`unexpected "}" in /etc/nginx/nginx.conf:12`).
 */
export class NginxConfigError extends NginxError {
  override readonly code: NginxConfigErrorCode;
  readonly position: ConfigPosition | undefined;

  constructor(message: string, position?: ConfigPosition, code: NginxConfigErrorCode = "NGINX_CONFIG") {
    super(message);
    this.position = position;
    this.code = code;
  }

  /** An error as nginx words it: the message, then ` in FILE:LINE`. */
  static at(position: ConfigPosition, message: string, code?: NginxConfigErrorCode): NginxConfigError {
    const where = position.file === commandLine ? commandLine : `${position.file}:${position.line}`;
    return new NginxConfigError(`${message} in ${where}`, position, code);
  }

  /** Something nginx could do and Drover cannot, where leaving it out would change what clients see. */
  static unsupported(position: ConfigPosition, what: string, reason: string): NginxConfigError {
    return new NginxConfigError(
      `${position.file}:${position.line}: ${what} is not supported: ${reason}`,
      position,
      "NGINX_UNSUPPORTED",
    );
  }
}

/** Thrown by the process around the server: a user, a pid file or a signal that cannot be had. The message is nginx's. */
export class NginxProcessError extends NginxError {
  override readonly code = "NGINX_PROCESS";
}

/** Thrown by a regular expression that backtracks for too long; nginx responds with 500 then, and so does the server here. */
export class MatchLimitError extends NginxError {
  override readonly code = "NGINX_MATCH_LIMIT";

  constructor(pattern: string, text: string) {
    super(`pcre2_match() failed: match limit exceeded on "${text}" using "${pattern}"`);
  }
}

/** Thrown by the import of a configuration: what guards access, TLS or routing would be lost. The message lists all of it. */
export class NginxLossError extends NginxError {
  override readonly code = "NGINX_LOSS";
}
