import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { systemError } from "../system-error.ts";
import { NginxProcessError } from "../errors.ts";

/** Writes this process's number. @throws NginxProcessError as nginx says it */
export function writePidFile(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    throw new NginxProcessError(`open() "${path}" failed (${systemError(error)})`);
  }
}

/** Takes the file away, if it is still ours. */
export function removePidFile(path: string): void {
  try {
    if (readFileSync(path, "utf8").trim() === String(process.pid)) rmSync(path);
  } catch {
    // Gone already, or not ours to remove.
  }
}

/** Sends a signal to the process a pid file names. @throws NginxProcessError as nginx says it */
export function signalPidFile(path: string, signal: NodeJS.Signals): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new NginxProcessError(`open() "${path}" failed (${systemError(error)})`);
  }
  if (!/^[1-9]\d*$/.test(text)) {
    throw new NginxProcessError(`invalid PID number "${text}" in "${path}"`);
  }
  try {
    process.kill(Number(text), signal);
  } catch (error) {
    throw new NginxProcessError(`kill(${text}, ${signal}) failed (${systemError(error)})`);
  }
}
