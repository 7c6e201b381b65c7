import { messageOf } from "@drover/foundation/error-text";
import { ConfigError } from "@drover/config";
import { printable } from "@drover/foundation/printable";
import type { ModelError } from "@drover/models";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";

/** An error as a user reads it, and what the process ends with. */
export interface ErrorReport {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Never a stack trace, unless `isDebugging` (DROVER_DEBUG=1). */
export function explainError(error: unknown, isDebugging: boolean): ErrorReport {
  const { text, exitCode } = explain(error);
  const stack = isDebugging && error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : "";
  return { text: `drover: ${printable(text)}${stack}`, exitCode };
}

function explain(error: unknown): ErrorReport {
  if (error instanceof ConfigError) {
    const isOne = error.problems.length === 1;
    const list = error.problems.map((problem) => `  ${problem}`).join("\n");
    return { text: isOne ? error.message : `the configuration is not valid\n${list}`, exitCode: 2 };
  }
  if (isModelError(error)) return { text: error.message, exitCode: 2 };
  if (error instanceof SupervisorError) return { text: error.message, exitCode: error.exitCode };
  const reason = messageOf(error);
  return { text: `${reason} (DROVER_DEBUG=1 shows where this comes from)`, exitCode: 1 };
}

/** By name: to import the class would load an HTTP client for every `drover status`. */
function isModelError(error: unknown): error is ModelError {
  return error instanceof Error && error.name === "ModelError";
}
