// oxlint-disable no-control-regex -- these bytes are what is looked for

/** Whether a text may be the value of a header field (RFC 9110, 5.5): one line, one byte for each character, no control characters but tab. */
export function isFieldValue(text: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(text);
}

/** Whether a text may be the name of a header field. */
export function isFieldName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

/** Whether a text can be a part of a request line: nothing in it ends the line. nginx sends all other bytes as they are. */
export function fitsRequestLine(text: string): boolean {
  return !/[\0\r\n]|[^\0-\xff]/.test(text);
}
