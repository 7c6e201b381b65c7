import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ArgumentTypes } from "./tagged-call.ts";
import { type ToolFormat, ToolCallParser } from "./tool-calls.ts";

const HERMES =
  'Let me see.\n<tool_call>\n{"name": "time", "arguments": {"zone": "a}\\"{", "deep": [1, {"x": null}]}}\n</tool_call>\n' +
  '<tool_call>{"arguments": {}, "name": "now"}</tool_call>';
const DEEPSEEK =
  "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>time\n```json\n" +
  '{"zone": "x"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>';

describe("ToolCallParser", () => {
  it("reads Hermes calls wherever the text is cut, content before them, and arguments in any order", () => {
    for (let cut = 0; cut <= HERMES.length; cut++) {
      assert.deepEqual(parse("hermes", [HERMES.slice(0, cut), HERMES.slice(cut)]), {
        content: "Let me see.",
        calls: [
          ["time", '{"zone": "a}\\"{", "deep": [1, {"x": null}]}'],
          ["now", "{}"],
        ],
      });
    }
  });

  it("reads DeepSeek's calls in both of their forms, a character at a time", () => {
    const calls = [
      ["time", '{"zone": "x"}'],
      ["now", "{}"],
    ];
    assert.deepEqual(parse("deepseek", Array.from(DEEPSEEK)), { content: "", calls });
  });

  it("reads the calls of models that write an element for each argument, by the types that the tools declare", () => {
    const coder =
      "I look.\n<tool_call>\n<function=time>\n<parameter=zone>\n12\n</parameter>\n<parameter=deep>\n[1, {}]\n</parameter>\n" +
      "</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>";
    const glm =
      "I look.\n<tool_call>time\n<arg_key>zone</arg_key>\n<arg_value>12</arg_value>\n<arg_key>deep</arg_key>\n<arg_value>[1, {}]</arg_value>\n" +
      "</tool_call>\n<tool_call>now\n</tool_call>";
    const minimax =
      'I look.\n<minimax:tool_call>\n<invoke name="time">\n<parameter name="zone">12</parameter>\n<parameter name="deep">[1, {}]</parameter>\n' +
      '</invoke>\n<invoke name="now">\n</invoke>\n</minimax:tool_call>';
    for (const [format, text] of [
      ["qwen-coder", coder],
      ["glm", glm],
      ["minimax", minimax],
    ] as const) {
      for (const parts of [[text], Array.from(text)]) {
        assert.deepEqual(
          parse(format, parts, (_, argument) => (argument === "zone" ? ["string"] : undefined)),
          {
            content: "I look.",
            calls: [
              ["time", '{"zone":"12","deep":[1,{}]}'],
              ["now", "{}"],
            ],
          },
          format,
        );
      }
    }
  });

  it("reads Mistral's calls, as a list and by name", () => {
    const calls = [
      ["time", '{"zone": "x]"}'],
      ["now", "{}"],
    ];
    const list = '[TOOL_CALLS][{"name": "time", "arguments": {"zone": "x]"}}, {"name": "now", "arguments": {}}]';
    const named = '[TOOL_CALLS]time[CALL_ID]abc[ARGS]{"zone": "x]"}[TOOL_CALLS]now{}';
    for (const text of [list, named]) {
      for (const parts of [[text], Array.from(text)]) assert.deepEqual(parse("mistral", parts), { content: "", calls });
    }
  });

  it("reads Llama 3's bare objects, with parameters and a type", () => {
    const text =
      '<|python_tag|>{"type": "function", "name": "time", "parameters": {"zone": 1}}; {"name": "now", "parameters": {}}';
    const calls = [
      ["time", '{"zone": 1}'],
      ["now", "{}"],
    ];
    assert.deepEqual(parse("llama3", Array.from(text)), { content: "", calls });
    assert.deepEqual(parse("llama3", [text.replace("<|python_tag|>", "\n")]), { content: "", calls });
  });

  it("tells arguments while they are written", () => {
    const parser = new ToolCallParser("hermes", new Set(), () => "id");
    parser.push('<tool_call>{"name": "time", "arguments": {"zo');
    assert.deepEqual(parser.push('ne": '), [{ kind: "tool-arguments", index: 0, text: 'ne": ' }]);
  });

  it("leaves what is no call in the content", () => {
    for (const text of ['{"name": "Bob", "age": 3}', "{not json", "a { b", '{"x": 1}\nand more']) {
      assert.deepEqual(parse("llama3", Array.from(text)), { content: text, calls: [] });
    }
    for (const text of ["<tool_call>sorry</tool_call>", "a <tool b", '<tool_call>{"name": "ti']) {
      assert.equal(parse("hermes", Array.from(text)).calls.length, 0);
      assert.equal(
        parse("hermes", Array.from(text)).content.replace("</tool_call>", ""),
        text.replace("</tool_call>", ""),
      );
    }
  });

  it("decodes arguments that are a JSON text inside of a string", () => {
    const text = '<tool_call>{"name": "time", "arguments": "{\\"zone\\": 1}"}</tool_call>';
    assert.deepEqual(parse("hermes", [text]).calls, [["time", '{"zone": 1}']]);
  });
});

function parse(format: ToolFormat, pieces: readonly string[], typesOf?: ArgumentTypes) {
  const parser = new ToolCallParser(format, new Set(["time", "now"]), () => "id", typesOf);
  const calls: [string, string][] = [];
  let content = "";
  for (const piece of [...pieces.map((text) => parser.push(text)), parser.flush()].flat()) {
    if (piece.kind === "content") content += piece.text;
    else if (piece.kind === "tool-call") calls.push([piece.name, ""]);
    else if (piece.kind === "tool-arguments") {
      const call = calls[piece.index];
      if (call !== undefined) call[1] += piece.text;
    }
  }
  return { content, calls };
}
