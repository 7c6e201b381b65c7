/** The client's id where it is a sane one, else a new one. */
export function requestIdOf(sent: string | string[] | undefined, random: () => number): string {
  return typeof sent === "string" && sane.test(sent) ? sent : newRequestId(random);
}

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

function newRequestId(random: () => number): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 40)
      .toString(36)
      .padStart(8, "0");
  return `req_${half()}${half()}`;
}
