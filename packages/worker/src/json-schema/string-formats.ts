/** Patterns for the formats of JSON Schema: each matches a part of what the format allows, and nothing else. */
const HEX = "[0-9a-f]";
const DATE =
  "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
const BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const LABEL = "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?";
const HOST = `${LABEL}(\\.${LABEL}){0,4}`;
const URL = `https?://${HOST}\\.[a-z]{2,8}(/[A-Za-z0-9._~-]{0,40}){0,8}(\\?[A-Za-z0-9._~=&-]{0,80})?`;

export const STRING_FORMATS: ReadonlyMap<string, string> = new Map([
  ["date", `^${DATE}$`],
  ["time", `^${TIME}$`],
  ["date-time", `^${DATE}T${TIME}$`],
  ["duration", "^P[0-9]{1,4}D(T[0-9]{1,3}H[0-9]{1,2}M[0-9]{1,2}S)?$"],
  ["uuid", `^${HEX}{8}-${HEX}{4}-[1-5]${HEX}{3}-[89ab]${HEX}{3}-${HEX}{12}$`],
  ["email", `^[a-z0-9]([a-z0-9_+-]|\\.[a-z0-9]){0,40}@${LABEL}(\\.${LABEL}){0,2}\\.[a-z]{2,8}$`],
  ["hostname", `^${HOST}$`],
  ["ipv4", `^${BYTE}(\\.${BYTE}){3}$`],
  ["ipv6", `^${HEX}{1,4}(:${HEX}{1,4}){7}$`],
  ["uri", `^${URL}$`],
  ["url", `^${URL}$`],
  ["uri-reference", `^${URL}$`],
  // Of any header that clients take.
  ["jwt", "^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.eyJ[A-Za-z0-9_-]{8,200}\\.[A-Za-z0-9_-]{43}$"],
  ["emoji", "^[\\u{1F600}-\\u{1F64F}]{1,8}$"],
  ["byte", "^([0-9a-zA-Z+/]{4}){0,50}$"],
]);
