/** A message as templates expect it. */
export type TemplateMessage = Readonly<Record<string, unknown>>;

/** What a template does with messages, found out by rendering some. */
export interface TemplateHabits {
  /** System messages whose text reaches the model: none, the first (or last) one only, or as many as there are. */
  readonly systemMessages: "none" | "one" | "many";
  /** Must the arguments of earlier calls be objects (true) or JSON texts? */
  readonly argumentObjects: boolean;
}

type Render = (messages: readonly TemplateMessage[], extra: Readonly<Record<string, unknown>>) => string;

/** Words that stand in no template. */
const [FIRST, SECOND, HELLO, KEY, VALUE] = ["Zq1first", "Zq2second", "Zq3hello", "Zq4key", "Zq5value"];

export function probeTemplate(render: Render): TemplateHabits {
  return { systemMessages: systemMessages(render), argumentObjects: argumentObjects(render) };
}

function system(content: string): TemplateMessage {
  return { role: "system", content };
}

function systemMessages(render: Render): TemplateHabits["systemMessages"] {
  const user = { role: "user", content: HELLO };
  const both = attempt(() => render([system(FIRST), system(SECOND), user, system(FIRST.toLowerCase()), user], {}));
  if ([FIRST, SECOND, FIRST.toLowerCase()].every((text) => both.includes(text))) return "many";
  return attempt(() => render([system(FIRST), user], {})).includes(FIRST) ? "one" : "none";
}

/** Texts are preferred where both are taken: they come back as the client wrote them. */
function argumentObjects(render: Render): boolean {
  const text = `{"${KEY}": "${VALUE}"}`;
  if (rendered(render, text).includes(text)) return false;
  const out = rendered(render, { [KEY]: VALUE });
  return out.includes(KEY) && out.includes(VALUE);
}

function rendered(render: Render, args: unknown): string {
  const call = { id: "call_1", type: "function", function: { name: "f", arguments: args } };
  const tool = { type: "function", function: { name: "f", description: "", parameters: { type: "object" } } };
  const turns = (content: string | null) => [
    { role: "user", content: HELLO },
    { role: "assistant", content, tool_calls: [call] },
    { role: "tool", content: HELLO, tool_call_id: "call_1" },
  ];
  return attempt(() => render(turns(""), { tools: [tool] })) || attempt(() => render(turns(null), { tools: [tool] }));
}

/** A template may refuse what it is shown. */
function attempt(render: () => string): string {
  try {
    return render();
  } catch {
    return "";
  }
}
