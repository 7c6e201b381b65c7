import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nowhere } from "../errors.ts";
import { compileRegex } from "./regex.ts";
import { ServerNames } from "./server-names.ts";

describe("nginx server names", () => {
  const names = new ServerNames("default");
  names.add({ kind: "exact", text: "a.example.com" }, "exact");
  names.add({ kind: "leading", text: ".example.com" }, "leading");
  names.add({ kind: "leading", text: ".b.example.com" }, "longer");
  names.add({ kind: "trailing", text: "mail." }, "trailing");
  const regex = compileRegex("^(?<user>.+)\\.example\\.org$", false, nowhere);
  names.add({ kind: "regex", regex }, "regex");

  it("are tried as exact, leading wildcard, trailing wildcard, regular expression, default", () => {
    for (const [host, server] of [
      ["a.example.com", "exact"],
      ["x.example.com", "leading"],
      ["x.b.example.com", "longer"],
      ["mail.anything.net", "trailing"],
      ["mail.example.com", "leading"],
      ["bob.example.org", "regex"],
      ["nowhere", "default"],
      ["", "default"],
    ] as const) {
      assert.equal(names.find(host).server, server, host);
    }
    assert.equal(names.find("bob.example.org").captures?.named["user"], "bob");
    assert.equal(names.add({ kind: "exact", text: "a.example.com" }, "second"), false);
  });
});
