import { MovingAverage } from "@drover/foundation/moving-average";

/** What an owner has, and had. */
interface Account {
  /** Tokens that it was given, as far as is known, and those that it has missed while it wanted none. */
  had: number;
  waiting: number;
  running: number;
  readonly mean: MovingAverage;
}

/** Of a request of which nothing is known; only what owners have in relation to each other counts. */
const UNKNOWN_TOKENS = 256;

/** So many owners that want nothing are remembered for what they have had: addresses come and go without end. */
const MOST_IDLE = 1024;

/**
 * Says whose request is next: of the owner that has had the fewest tokens, counting from when it last began to want some. A request is charged
 * with what its owner's requests usually take, and corrected when its tokens are known, so that neither many requests nor long ones get an owner more than
 * its share. Start-time fair queueing (Goyal, Vin and Cheng, 1996), with lengths that are known late. Pure: it knows neither time nor requests.
 */
export class FairShares {
  readonly #accounts = new Map<string, Account>();
  /** Of those, who wants nothing now; first who has wanted nothing for longest. */
  readonly #idle = new Set<string>();
  readonly #mean = new MovingAverage(0.1);
  /** What the owner had that was served last: who comes anew begins there, with no claim on the past. */
  #level = 0;

  /** A request waits. */
  enter(owner: string): void {
    this.#wanting(owner).waiting += 1;
  }

  /** It waits no more. */
  leave(owner: string): void {
    const account = this.#account(owner);
    account.waiting -= 1;
    this.#rest(owner, account);
  }

  /** A request is served. @returns the tokens that its owner is charged with, for `correct` */
  begin(owner: string): number {
    const account = this.#wanting(owner);
    const expected = account.mean.value ?? this.#mean.value ?? UNKNOWN_TOKENS;
    this.#level = Math.max(this.#level, account.had);
    account.had += expected;
    account.running += 1;
    return expected;
  }

  /** Another attempt at a request that `begin` has charged for. */
  again(owner: string): void {
    this.#wanting(owner).running += 1;
  }

  /** It holds its slot no more. */
  end(owner: string): void {
    const account = this.#account(owner);
    account.running -= 1;
    this.#rest(owner, account);
  }

  /** What a request took is known, now or some time after its end. */
  correct(owner: string, charged: number, tokens: number): void {
    const account = this.#account(owner);
    account.had += tokens - charged;
    account.mean.add(tokens);
    this.#mean.add(tokens);
    this.#rest(owner, account);
  }

  /** Whose request is next, from the first to the last. */
  inOrder(owners: Iterable<string>): readonly string[] {
    return [...owners]
      .map((owner) => ({ owner, had: this.#account(owner).had }))
      .toSorted((one, other) => one.had - other.had)
      .map(({ owner }) => owner);
  }

  /** Has it fewer of so many slots than if they were divided evenly between all who want some? */
  isOwed(owner: string, slots: number): boolean {
    const wanting = this.#accounts.size - this.#idle.size;
    return wanting > 1 && this.#account(owner).running < Math.max(1, Math.floor(slots / wanting));
  }

  #wanting(owner: string): Account {
    const account = this.#account(owner);
    if (account.waiting + account.running > 0) return account;
    this.#idle.delete(owner);
    account.had = Math.max(account.had, this.#level);
    return account;
  }

  #account(owner: string): Account {
    const known = this.#accounts.get(owner);
    if (known !== undefined) return known;
    const made = { had: this.#level, waiting: 0, running: 0, mean: new MovingAverage(0.2) };
    this.#accounts.set(owner, made);
    return made;
  }

  /** One that owes nothing begins like a new one. */
  #rest(owner: string, { had, waiting, running }: Account): void {
    if (waiting + running > 0) return;
    if (had <= this.#level) return this.#forget(owner);
    this.#idle.add(owner);
    const [first] = this.#idle;
    if (this.#idle.size > MOST_IDLE && first !== undefined) this.#forget(first);
  }

  #forget(owner: string): void {
    this.#accounts.delete(owner);
    this.#idle.delete(owner);
  }
}
