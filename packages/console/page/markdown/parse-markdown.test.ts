import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Token } from "marked";
import { highlight } from "./highlight.ts";
import { decodeEntities, parseMarkdown, safeHref } from "./parse-markdown.ts";

function formulasOf(text: string): string[] {
  const found: string[] = [];
  const look = (tokens: readonly Token[] = []): void => {
    for (const token of tokens) {
      if (token.type === "formula") found.push(`${token["isBlock"] === true ? "block" : "line"} ${token["text"]}`);
      if ("tokens" in token) look(token.tokens);
    }
  };
  look(parseMarkdown(text));
  return found;
}

describe("the Markdown of responses", () => {
  it("has formulas in dollars and in backslashes, within lines and between them", () => {
    assert.deepEqual(formulasOf("So $a^2$ and \\(b_1\\).\n\n$$\nc = d\n$$\n\n\\[\ne\n\\]"), [
      "line a^2",
      "line b_1",
      "block c = d",
      "block e",
    ]);
    assert.deepEqual(formulasOf("Thus $$x=1$$ holds"), ["block x=1"]);
  });

  it("takes no prices, code or open ends for formulas", () => {
    assert.deepEqual(formulasOf("It costs $5 or $10, `$x$` is code, and $ y $ is not, nor $z"), []);
    assert.deepEqual(formulasOf("```\n$$a$$\n```"), []);
  });

  it("has links to the web and to mailboxes only", () => {
    for (const href of ["https://a.example/b?c#d", "http://a.example/", "mailto:a@b.example"])
      assert.equal(safeHref(href), href);
    const bad = [
      "javascript:alert(1)",
      " java\nscript:alert(1)",
      "data:text/html,x",
      "vbscript:x",
      "blob:x",
      "file:///etc",
      "/here",
      "x",
    ];
    for (const href of bad) assert.equal(safeHref(href), undefined, href);
  });

  it("has entities decoded once, into text", () => {
    assert.equal(
      decodeEntities("a &lt;b&gt; &amp;amp; &#39;&#x41; &nothing; &#0; &"),
      "a <b> &amp; 'A &nothing; &#0; &",
    );
  });

  it("has code coloured without losing a character of it, by any common name of its language", () => {
    const code = "def f(x):\n    return 'a' + str(x)  # <b>\n";
    for (const name of ["python", "py", "Python"]) {
      const pieces = highlight(code, name);
      assert.equal(pieces?.map(({ text }) => text).join(""), code);
      assert.ok(pieces.some(({ kind }) => kind === "kwd"));
    }
    assert.equal(highlight(code, "klingon"), undefined);
  });
});
