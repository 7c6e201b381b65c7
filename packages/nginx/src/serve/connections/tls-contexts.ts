import { messageOf } from "@drover/foundation/error-text";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { NginxConfigError } from "../../errors.ts";
import { systemError, toPath } from "../../system-error.ts";
import type { AddressModel, ServerModel, TlsModel } from "../../model/model.ts";

/** Certificates by server, loaded once for a configuration. */
export type TlsContexts = ReadonlyMap<ServerModel, LoadedTls>;

export interface LoadedTls {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

/** @throws NginxConfigError naming the file that cannot be read or used. */
export function loadTlsContexts(servers: readonly ServerModel[]): TlsContexts {
  const contexts = new Map<ServerModel, LoadedTls>();
  for (const server of servers) {
    if (server.tls !== undefined) contexts.set(server, contextOf(server.tls));
  }
  return contexts;
}

/** The context for a name asked for by SNI; undefined refuses the handshake. */
export function contextFor(
  address: AddressModel,
  contexts: TlsContexts,
  serverName: string,
): SecureContext | undefined {
  const { server } = address.names.find(serverName.toLowerCase());
  return server.tls?.rejectHandshake === true ? undefined : contexts.get(server)?.context;
}

function contextOf(tls: TlsModel): LoadedTls {
  const passwords = tls.passwordFile === undefined ? undefined : read(tls.passwordFile, "password file", tls);
  const passphrase = passwords?.toString("utf8").split("\n", 1)[0];
  const certificates = tls.certificates.map(({ certificate }) => read(certificate, "certificate", tls));
  const keys = tls.certificates.map(({ key }) => read(key, "certificate key", tls));
  const options: SecureContextOptions = {
    cert: certificates,
    key: keys,
    ...(passphrase === undefined ? {} : { passphrase }),
    minVersion: tls.protocols.min,
    maxVersion: tls.protocols.max,
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    honorCipherOrder: tls.preferServerCiphers,
  };
  try {
    return { options, context: createSecureContext(options) };
  } catch (error) {
    const path = tls.certificates[0]?.certificate ?? "";
    throw new NginxConfigError(`cannot load certificate "${toPath(path)}": ${messageOf(error)}`);
  }
}

function read(path: string, what: string, { certificates }: TlsModel): Buffer {
  try {
    return readFileSync(toPath(path));
  } catch (error) {
    const message = `cannot load ${what} "${toPath(path)}": open() failed (${systemError(error)})`;
    const position = certificates[0]?.position;
    throw position === undefined ? new NginxConfigError(message) : NginxConfigError.at(position, message);
  }
}
