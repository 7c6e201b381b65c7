import dgram from "node:dgram";
import { once } from "node:events";

/** A name server on the loopback that responds to every A question with the addresses it is told. */
export class NameServer {
  addresses: readonly string[] = [];
  questions = 0;
  readonly #socket = dgram.createSocket("udp4");

  /** Resolves with the port. */
  async listen(): Promise<number> {
    this.#socket.on("message", (query, from) => {
      this.questions += 1;
      this.#socket.send(this.#response(query), from.port, from.address);
    });
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  #response(query: Buffer): Buffer {
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const isA = question.readUInt16BE(question.length - 4) === 1;
    const addresses = isA ? this.addresses : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    // A response, recursion asked for and available; NXDOMAIN when there is none.
    head.writeUInt16BE(addresses.length > 0 ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) => {
      const record = Buffer.alloc(16);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(1, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(1, 6);
      record.writeUInt16BE(4, 10);
      Buffer.from(address.split(".").map(Number)).copy(record, 12);
      return record;
    });
    return Buffer.concat([head, question, ...records]);
  }
}
