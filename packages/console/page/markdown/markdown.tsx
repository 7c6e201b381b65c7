import type { MarkedToken, Token, Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { memo } from "../parts/memo.ts";
import { texts } from "../language/language.ts";
import { CodeBlock } from "./code-block.tsx";
import { Formula } from "./formula.tsx";
import { decodeEntities, parseMarkdown, safeHref } from "./parse-markdown.ts";

/**
 * A response's text. Markdown becomes elements one by one and never a string of HTML, so nothing that a model writes can become a script, a
 * style or a request: tags are shown as they stand, images as links, and links that lead to anything but the web as text.
 */
export function Markdown({ text }: { readonly text: string }): VNode {
  return (
    <div class="markdown">
      {parseMarkdown(text).map((token, index) => (
        <Block key={index} token={token} raw={token.raw} />
      ))}
    </div>
  );
}

/** Only the block that grows is drawn anew while a response comes. */
const Block = memo(
  ({ token }: { readonly token: Token; readonly raw: string }) => <>{block(token as MarkedToken)}</>,
  (one, other) => one.raw === other.raw,
);

function blocks(tokens: readonly Token[] = []): ComponentChildren {
  return tokens.map((token) => block(token as MarkedToken));
}

function block(token: MarkedToken): ComponentChildren {
  // Whatever is no block stands in a line.
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (token.type) {
    case "heading":
      return <Heading depth={token.depth}>{inlines(token.tokens)}</Heading>;
    case "paragraph":
      return <p>{inlines(token.tokens)}</p>;
    case "text":
      return token.tokens === undefined ? decodeEntities(token.text) : inlines(token.tokens);
    case "code":
      return <CodeBlock text={token.text} language={token.lang ?? ""} />;
    case "blockquote":
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "list":
      return list(token);
    case "table":
      return table(token);
    case "hr":
      return <hr />;
    case "html":
      return <p>{token.raw.trim()}</p>;
    case "space":
    case "def":
      return null;
    default:
      return inline(token);
  }
}

/** The page has one `h1` of its own; those of a response begin below it. */
function Heading({ depth, children }: { readonly depth: number; readonly children: ComponentChildren }): VNode {
  const Tag = (["h3", "h4", "h5", "h6"] as const)[Math.min(depth, 4) - 1] ?? "h6";
  return <Tag>{children}</Tag>;
}

function list(token: Tokens.List): VNode {
  const items = token.items.map(({ tokens, task }, index) => (
    <li key={index} class={task ? "task" : undefined}>
      {blocks(tokens)}
    </li>
  ));
  return token.ordered ? <ol start={Number(token.start)}>{items}</ol> : <ul>{items}</ul>;
}

function table({ header, rows }: Tokens.Table): VNode {
  return (
    <div class="table" tabIndex={0} role="group">
      <table>
        <thead>
          <tr>{header.map((of, index) => cell(of, "th", index))}</tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>{row.map((of, column) => cell(of, "td", column))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cell({ tokens, align }: Tokens.TableCell, Tag: "th" | "td", index: number): VNode {
  return (
    <Tag key={index} class={align === null ? undefined : `align-${align}`}>
      {inlines(tokens)}
    </Tag>
  );
}

function inlines(tokens: readonly Token[] = []): ComponentChildren {
  return tokens.map((token) => inline(token as Tokens.Generic));
}

function inline(token: Tokens.Generic): ComponentChildren {
  switch (token.type) {
    case "strong":
      return <strong>{inlines(token.tokens)}</strong>;
    case "em":
      return <em>{inlines(token.tokens)}</em>;
    case "del":
      return <del>{inlines(token.tokens)}</del>;
    case "codespan":
      return <code>{token["text"]}</code>;
    case "br":
      return <br />;
    case "link":
      return link(token["href"], inlines(token.tokens), token.raw);
    case "image":
      return link(token["href"], texts.value.imageLink(decodeEntities(String(token["text"]))), token.raw);
    case "formula":
      return <Formula text={String(token["text"])} isBlock={token["isBlock"] === true} />;
    case "checkbox":
      return <input type="checkbox" checked={token["checked"] === true} disabled aria-hidden="true" />;
    case "html":
      return /^<br\s*\/?>$/iu.test(token.raw) ? <br /> : token.raw;
    case "escape":
      return token["text"];
    default:
      return decodeEntities(String(token["text"] ?? token.raw));
  }
}

function link(href: string, children: ComponentChildren, raw: string): ComponentChildren {
  const safe = safeHref(href);
  if (safe === undefined) return raw;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}
