// nginx's C, written down again from ngx_http_upstream_round_robin.c, _least_conn_module.c, _ip_hash_module.c, _hash_module.c and
// _random_module.c, in their shape and with their names, and with nothing taken from the code under test.
import { crc32 } from "node:zlib";

export interface RrPeer {
  server: string;
  weight: number;
  effective_weight: number;
  current_weight: number;
  conns: number;
  max_conns: number;
  fails: number;
  max_fails: number;
  fail_timeout: number;
  accessed: number;
  checked: number;
  down: boolean;
}

export interface RrPeers {
  peer: RrPeer[];
  number: number;
  single: boolean;
  total_weight: number;
  tries: number;
  next: RrPeers | null;
}

export interface PeerData {
  peers: RrPeers;
  current: RrPeer | null;
  tried: boolean[];
  tries: number;
  pc_tries: number;
  hash: number;
  rehash: number;
  addr: number[];
  key: Buffer;
}

export type GetPeer = (data: PeerData, now: number, random: () => number) => RrPeer | null;

export function initPeers(primary: RrPeer[], backup: RrPeer[]): RrPeers {
  const make = (peer: RrPeer[]): RrPeers => ({
    peer,
    number: peer.length,
    single: peer.length === 1,
    total_weight: peer.reduce((w, p) => w + p.weight, 0),
    tries: peer.filter((p) => !p.down).length,
    next: null,
  });
  const peers = make(primary);
  if (backup.length > 0) {
    peers.single = false;
    peers.next = make(backup);
    peers.next.single = false;
  }
  return peers;
}

export function initPeer(peers: RrPeers, addr: number[], key: Buffer): PeerData {
  const pc_tries = peers.tries + (peers.next?.tries ?? 0);
  return { peers, current: null, tried: [], tries: 0, pc_tries, hash: 89, rehash: 0, addr, key };
}

export function freePeer(data: PeerData, failed: boolean, now: number): void {
  const peer = data.current as RrPeer;
  if (data.peers.single) {
    peer.fails = 0;
    peer.conns--;
    data.pc_tries = 0;
    return;
  }
  if (failed) {
    peer.fails++;
    peer.accessed = now;
    peer.checked = now;
    if (peer.max_fails) peer.effective_weight -= Math.trunc(peer.weight / peer.max_fails);
    if (peer.effective_weight < 0) peer.effective_weight = 0;
  } else if (peer.accessed < peer.checked) {
    peer.fails = 0;
  }
  peer.conns--;
  if (data.pc_tries) data.pc_tries--;
}

function unusable(peer: RrPeer, now: number): boolean {
  if (peer.down) return true;
  if (peer.max_fails && peer.fails >= peer.max_fails && now - peer.checked <= peer.fail_timeout) return true;
  return peer.max_conns !== 0 && peer.conns >= peer.max_conns;
}

function take(data: PeerData, index: number, now: number): RrPeer {
  const best = data.peers.peer[index] as RrPeer;
  if (now - best.checked > best.fail_timeout) best.checked = now;
  data.current = best;
  data.tried[index] = true;
  best.conns++;
  return best;
}

function nextGroup(data: PeerData, get: GetPeer, now: number, random: () => number): RrPeer | null {
  if (data.peers.next === null) return null;
  data.peers = data.peers.next;
  data.tried = [];
  return get(data, now, random);
}

export const getRoundRobin: GetPeer = (data, now, random) => {
  const { peers } = data;
  if (peers.single) {
    const peer = peers.peer[0] as RrPeer;
    if (peer.down || (peer.max_conns && peer.conns >= peer.max_conns)) return null;
    data.current = peer;
    peer.conns++;
    return peer;
  }
  let p = -1;
  let total = 0;
  for (let i = 0; i < peers.number; i++) {
    const peer = peers.peer[i] as RrPeer;
    if (data.tried[i] || unusable(peer, now)) continue;
    peer.current_weight += peer.effective_weight;
    total += peer.effective_weight;
    if (peer.effective_weight < peer.weight) peer.effective_weight++;
    if (p < 0 || peer.current_weight > (peers.peer[p] as RrPeer).current_weight) p = i;
  }
  if (p < 0) return nextGroup(data, getRoundRobin, now, random);
  (peers.peer[p] as RrPeer).current_weight -= total;
  return take(data, p, now);
};

export const getLeastConn: GetPeer = (data, now, random) => {
  const { peers } = data;
  if (peers.single) return getRoundRobin(data, now, random);
  let best: RrPeer | null = null;
  let many = false;
  let p = 0;
  for (let i = 0; i < peers.number; i++) {
    const peer = peers.peer[i] as RrPeer;
    if (data.tried[i] || unusable(peer, now)) continue;
    if (best === null || peer.conns * best.weight < best.conns * peer.weight) {
      best = peer;
      many = false;
      p = i;
    } else if (peer.conns * best.weight === best.conns * peer.weight) many = true;
  }
  if (best === null) return nextGroup(data, getLeastConn, now, random);
  let total = 0;
  if (many) {
    for (let i = p; i < peers.number; i++) {
      const peer = peers.peer[i] as RrPeer;
      if (data.tried[i]) continue;
      if (peer.conns * best.weight !== best.conns * peer.weight) continue;
      if (unusable(peer, now)) continue;
      peer.current_weight += peer.effective_weight;
      total += peer.effective_weight;
      if (peer.effective_weight < peer.weight) peer.effective_weight++;
      if (peer.current_weight > best.current_weight) {
        best = peer;
        p = i;
      }
    }
  }
  best.current_weight -= total;
  return take(data, p, now);
};

function atWeight(peers: RrPeers, value: number): number {
  let w = value;
  let p = 0;
  while (w >= (peers.peer[p] as RrPeer).weight) {
    w -= (peers.peer[p] as RrPeer).weight;
    p++;
  }
  return p;
}

export const getIpHash: GetPeer = (data, now, random) => {
  if (data.tries > 20 || data.peers.number < 2) return getRoundRobin(data, now, random);
  let hash = data.hash;
  for (;;) {
    for (const byte of data.addr) hash = (hash * 113 + byte) % 6271;
    const p = atWeight(data.peers, hash % data.peers.total_weight);
    if (!data.tried[p] && !unusable(data.peers.peer[p] as RrPeer, now)) {
      data.hash = hash;
      return take(data, p, now);
    }
    if (++data.tries > 20) return getRoundRobin(data, now, random);
  }
};

/** `data.hash` must begin at 0 here. */
export const getHash: GetPeer = (data, now, random) => {
  if (data.tries > 20 || data.peers.number < 2 || data.key.length === 0) return getRoundRobin(data, now, random);
  for (;;) {
    const prefix = data.rehash > 0 ? String(data.rehash) : "";
    const crc = crc32(Buffer.concat([Buffer.from(prefix), data.key]));
    data.hash = (data.hash + ((crc >>> 16) & 0x7fff)) % 2 ** 32;
    data.rehash++;
    const p = atWeight(data.peers, data.hash % data.peers.total_weight);
    if (!data.tried[p] && !unusable(data.peers.peer[p] as RrPeer, now)) return take(data, p, now);
    if (++data.tries > 20) return getRoundRobin(data, now, random);
  }
};

interface Point {
  hash: number;
  server: string;
}

function chashPoints(peers: RrPeers): Point[] {
  const points: Point[] = [];
  for (const peer of peers.peer) {
    const colon = peer.server.lastIndexOf(":");
    const seed = Buffer.from(`${peer.server.slice(0, colon)}\0${peer.server.slice(colon + 1)}`);
    const prev = Buffer.alloc(4);
    for (let j = 0; j < peer.weight * 160; j++) {
      const hash = crc32(Buffer.concat([seed, prev]));
      points.push({ hash, server: peer.server });
      prev.writeUInt32LE(hash);
    }
  }
  points.sort((one, two) => one.hash - two.hash);
  const unique: Point[] = [];
  for (const point of points) if (unique.at(-1)?.hash !== point.hash) unique.push(point);
  return unique;
}

/** `data.hash` must begin at -1 here: the point is looked up at the first pick. */
export const getChash: GetPeer = (data, now, random) => {
  const { peers } = data;
  if (data.tries > 20 || peers.number < 2 || data.key.length === 0) return getRoundRobin(data, now, random);
  const points = chashPoints(peers);
  if (data.hash < 0) {
    const hash = crc32(data.key);
    const found = points.findIndex((point) => point.hash >= hash);
    data.hash = found < 0 ? points.length : found;
  }
  for (;;) {
    const { server } = points[data.hash % points.length] as Point;
    let p = -1;
    let total = 0;
    for (let i = 0; i < peers.number; i++) {
      const peer = peers.peer[i] as RrPeer;
      if (data.tried[i] || unusable(peer, now) || peer.server !== server) continue;
      peer.current_weight += peer.effective_weight;
      total += peer.effective_weight;
      if (peer.effective_weight < peer.weight) peer.effective_weight++;
      if (p < 0 || peer.current_weight > (peers.peer[p] as RrPeer).current_weight) p = i;
    }
    if (p >= 0) {
      (peers.peer[p] as RrPeer).current_weight -= total;
      return take(data, p, now);
    }
    data.hash++;
    if (++data.tries > 20) return getRoundRobin(data, now, random);
  }
};

export const getRandomTwo: GetPeer = (data, now, random) => {
  const { peers } = data;
  if (data.tries > 20 || peers.number < 2) return getRoundRobin(data, now, random);
  let prev = -1;
  for (;;) {
    let i = atWeight(peers, Math.floor(random() * peers.total_weight));
    const peer = peers.peer[i] as RrPeer;
    if (i !== prev && !data.tried[i] && !unusable(peer, now)) {
      if (prev >= 0) {
        const other = peers.peer[prev] as RrPeer;
        if (peer.conns * other.weight > other.conns * peer.weight) i = prev;
        return take(data, i, now);
      }
      prev = i;
    }
    if (++data.tries > 20) return getRoundRobin(data, now, random);
  }
};
