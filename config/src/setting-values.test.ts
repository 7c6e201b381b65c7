import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { address, autoOrInteger, duration, flag, list, secret, size, whole, type Zod } from "./setting-values.ts";

describe("values of settings", () => {
  it("reads durations as milliseconds", () => {
    const read = reader(duration());
    assert.deepEqual(
      ["500ms", "10s", "1.5m", "2h", "1d", "250", 250, " 3 s "].map(read),
      [500, 10_000, 90_000, 7_200_000, 86_400_000, 250, 250, 3_000],
    );
  });

  it("refuses durations that are negative, malformed, or longer than a timer can hold", () => {
    const read = reader(duration());
    for (const value of ["-1s", -1, "10 minutes", "", "s", "1e3", "25d", 2 ** 31, Number.NaN, Infinity, true, null])
      assert.equal(read(value), "a duration such as 500ms, 10s or 5m, at most 24d", String(value));
  });

  it("reads sizes as bytes, in powers of 1024", () => {
    const read = reader(size());
    assert.deepEqual(
      ["10MiB", "10MB", "10m", "512k", "2G", "1.5KiB", "7B", 7, "0"].map(read),
      [10_485_760, 10_485_760, 10_485_760, 524_288, 2_147_483_648, 1_536, 7, 7, 0],
    );
  });

  it("refuses sizes that are negative, malformed or beyond exact numbers", () => {
    const read = reader(size());
    for (const value of ["-1", "10X", "MiB", 0.5 - 1, "9007199254740992", "99999999T"])
      assert.equal(read(value), "a size such as 512KiB, 10MiB or 2GiB", String(value));
  });

  it("reads whole numbers within their bounds, and names the bounds otherwise", () => {
    const read = reader(whole(1, 65_535));
    assert.deepEqual([1, "8081", 65_535].map(read), [1, 8_081, 65_535]);
    for (const value of [0, 65_536, "0", 1.5, "1.5", "0x10", "-3", "", []])
      assert.equal(read(value), "a whole number from 1 to 65535", String(value));
    assert.equal(reader(autoOrInteger(2))("auto"), "auto");
    assert.equal(reader(autoOrInteger(2))("1"), '"auto" or a whole number of at least 2');
  });

  it("reads yes and no in the forms that flags and environments have", () => {
    const read = reader(flag());
    assert.deepEqual([true, "true", "yes", "on", "1", 1, ""].map(read), Array(7).fill(true));
    assert.deepEqual([false, "false", "no", "off", "0", 0].map(read), Array(6).fill(false));
    assert.equal(read("maybe"), "true or false");
    assert.equal(read([]), "true or false");
  });

  it("reads a list from a YAML list or from one text with commas", () => {
    const read = reader(list());
    assert.deepEqual(read("a, b,,c "), ["a", "b", "c"]);
    assert.deepEqual(read(["a,b", "c"]), ["a,b", "c"]);
    assert.equal(read(7), "a list of texts");
  });

  it("takes as a secret only what a browser can send in a header", () => {
    const read = reader(secret(8));
    assert.equal(read("s3cret=/+~"), "s3cret=/+~");
    for (const value of ["s3cret", "s3cret of mine", "自己的管理密钥啊啊", "s3cr\u00e9t-key", 12_345_678])
      assert.match(String(read(value)), /^a text of at least 8 letters, digits and signs of ASCII/u, String(value));
  });

  it("takes addresses with a port or a socket's path, several with commas, and nothing else", () => {
    const read = reader(address());
    for (const text of ["127.0.0.1:8080", "localhost:0", "[::1]:80", ":65535", "8080", "unix:/run/drover.sock", "*:80"])
      assert.equal(read(text), text);
    assert.equal(read("127.0.0.1:80, [::1]:80,unix:/x"), "127.0.0.1:80, [::1]:80,unix:/x");
    assert.equal(read(8080), "8080");
    for (const text of ["127.0.0.1", "::1:80", "host:port", "a b:1", "unix:", "", "1:2,", -1, 1.5, 65_536, true])
      assert.match(String(read(text)), /HOST:PORT, \[IPV6\]:PORT, PORT or unix:\/path/, String(text));
    assert.equal(read("127.0.0.1:80,:65536"), "an address with a port from 0 to 65535");
  });
});

/** Yields the value that the schema reads, or the message with which it refuses. */
function reader(schema: (zod: Zod) => z.ZodType): (value: unknown) => unknown {
  return (value) => {
    const result = schema(z).safeParse(value);
    return result.success ? result.data : result.error.issues[0]?.message;
  };
}
