/** Every id that tracing systems and people use: UUIDs, ULIDs, base64, paths and addresses. Nothing that a log line or a header could be broken with. */
const SANE = /^[A-Za-z0-9_.:/+=@-]{1,128}$/;

/** The client's id where it is a sane one, else a new one. */
export function requestIdOf(sent: string | readonly string[] | undefined, random: () => number): string {
  return typeof sent === "string" && SANE.test(sent) ? sent : newRequestId(random);
}

/** Two letters at a time from a table: a large number's `toString(36)` would be the slowest part of a small request. */
const PAIRS = Array.from({ length: 36 ** 2 }, (_, index) => index.toString(36).padStart(2, "0"));

function newRequestId(random: () => number): string {
  let id = "req_";
  for (let pair = 0; pair < 8; pair += 1) id += PAIRS[Math.floor(random() * PAIRS.length)];
  return id;
}
