/** What `ip_hash` hashes: three bytes of an IPv4 address, sixteen of an IPv6 one, three zeros of anything else (as nginx). */
export function addressBytes(address: string): Uint8Array {
  const v4 = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.\d+$/i.exec(address);
  if (v4 !== null) return Uint8Array.from(v4.slice(1, 4), Number);
  return address.includes(":") ? ipv6Bytes(address) : new Uint8Array(3);
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const left = hexGroups(head);
  const right = hexGroups(tail ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0);
  return Uint8Array.from([...left, ...zeros, ...right].flatMap((group) => [(group >> 8) & 0xff, group & 0xff]));
}

function hexGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16));
}
