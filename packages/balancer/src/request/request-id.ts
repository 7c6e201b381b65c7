/** The client's id where it is a sane one, else a new one. */
export function requestIdOf(sent: string | string[] | undefined, random: () => number): string {
  return typeof sent === "string" && sane.test(sent) ? sent : newRequestId(random);
}

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** Two letters at a time from a table: a large number's `toString(36)` is the slowest part of a request. */
const pairs = Array.from({ length: 36 ** 2 }, (_, index) => index.toString(36).padStart(2, "0"));

function newRequestId(random: () => number): string {
  let id = "req_";
  for (let pair = 0; pair < 8; pair += 1) id += pairs[Math.floor(random() * pairs.length)];
  return id;
}
