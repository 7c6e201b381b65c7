import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { FrontDoorError } from "../errors.ts";

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads and tries a certificate (PEM, with its chain) and its key. @throws FrontDoorError naming the file */
export function readCertificate(files: CertificateFiles): Certificate {
  const certificate = { cert: read(files.certificate), key: read(files.key) };
  try {
    createSecureContext(certificate);
  } catch (error) {
    throw new FrontDoorError(
      `the certificate ${files.certificate} can't be used with the key ${files.key}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return certificate;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new FrontDoorError(`${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
