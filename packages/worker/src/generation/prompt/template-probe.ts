/** A message as templates expect it. */
export type TemplateMessage = Readonly<Record<string, unknown>>;

/** What a template does with messages, found out by rendering some. */
export interface TemplateHabits {
  /** System messages whose text reaches the model, behind results of tools too: none, the first (or last) one only, or as many as there are. */
  readonly systemMessages: "none" | "one" | "many";
  /** Must the arguments of earlier calls be objects (true) or JSON texts? */
  readonly argumentObjects: boolean;
  /** Does it write, or allow, only one call in a message of the assistant? */
  readonly oneCallEach: boolean;
  /** Does it refuse two messages of the user in a row? */
  readonly alternates: boolean;
  /** When does it refuse a chat in which the user says nothing? */
  readonly needsUser: "never" | "with-tools" | "always";
  /** Does it refuse a tool with an argument whose schema names no type? */
  readonly typedArguments: boolean;
  /** Must the ids of calls be nine letters and digits, as Mistral's? */
  readonly shortCallIds: boolean;
}

type Render = (messages: readonly TemplateMessage[], extra: Readonly<Record<string, unknown>>) => string;

/** Words that stand in no template. */
const [FIRST, SECOND, HELLO, KEY, VALUE] = ["Zq1first", "Zq2second", "Zq3hello", "Zq4key", "Zq5value"];

/** Every template takes one of nine letters and digits. */
const SHORT_ID = "call12345";
const LONG_ID = "call_1234567890";

export function probeTemplate(render: Render): TemplateHabits {
  const isObject = argumentObjects(render);
  const args = isObject ? { [KEY]: VALUE } : JSON.stringify({ [KEY]: VALUE });
  const first = { name: FIRST, args };
  const both = rendered(render, [first, { name: SECOND, args }]);
  return {
    systemMessages: dropsSystem(render, args) ? "none" : systemMessages(render),
    argumentObjects: isObject,
    oneCallEach: rendered(render, [first]).includes(FIRST) && !(both.includes(FIRST) && both.includes(SECOND)),
    alternates: alternates(render),
    needsUser: needsUser(render),
    typedArguments:
      rendered(render, [first], { schema: {} }) === "" && rendered(render, [first], { schema: TYPED }) !== "",
    shortCallIds: rendered(render, [first], { id: LONG_ID }) === "" && rendered(render, [first]) !== "",
  };
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

function alternates(render: Render): boolean {
  const [user, assistant] = ["user", "assistant"].map((role) => ({ role, content: HELLO }));
  if (user === undefined || assistant === undefined) return false;
  return attempt(() => render([user, user], {})) === "" && attempt(() => render([user, assistant, user], {})) !== "";
}

function needsUser(render: Render): TemplateHabits["needsUser"] {
  const needs = (extra: object) => {
    const without = [system(FIRST)];
    const withUser = [...without, { role: "user", content: "" }];
    return attempt(() => render(without, { ...extra })) === "" && attempt(() => render(withUser, { ...extra })) !== "";
  };
  if (needs({})) return "always";
  return needs({ tools: [toolOf({})] }) ? "with-tools" : "never";
}

/** Some of Mistral's templates write the system message only where a message of the user's is the last one. */
function dropsSystem(render: Render, args: unknown): boolean {
  const out = rendered(render, [{ name: SECOND, args }], { before: [system(FIRST)] });
  return out !== "" && !out.includes(FIRST);
}

/** Texts are preferred where both are taken: they come back as the client wrote them. */
function argumentObjects(render: Render): boolean {
  const text = `{"${KEY}": "${VALUE}"}`;
  if (rendered(render, [{ name: FIRST, args: text }]).includes(text)) return false;
  const out = rendered(render, [{ name: FIRST, args: { [KEY]: VALUE } }]);
  return out.includes(KEY) && out.includes(VALUE);
}

const TYPED = { type: "string", description: "" };

interface ProbeDetails {
  readonly id?: string;
  readonly before?: readonly TemplateMessage[];
  /** Of the tool's one argument. */
  readonly schema?: Readonly<Record<string, unknown>>;
}

interface ProbeCall {
  readonly name: string;
  readonly args: unknown;
}

function rendered(
  render: Render,
  called: readonly ProbeCall[],
  { id = SHORT_ID, before = [], schema }: ProbeDetails = {},
): string {
  const calls = called.map(({ name, args }) => ({ id, type: "function", function: { name, arguments: args } }));
  const tool = toolOf(schema === undefined ? {} : { properties: { [KEY]: schema } });
  const turns = (content: string | null) => [
    ...before,
    { role: "user", content: HELLO },
    { role: "assistant", content, tool_calls: calls },
    { role: "tool", content: HELLO, tool_call_id: id },
  ];
  return attempt(() => render(turns(""), { tools: [tool] })) || attempt(() => render(turns(null), { tools: [tool] }));
}

function toolOf(schema: object): unknown {
  const parameters = { type: "object", ...schema };
  return { type: "function", function: { name: "f", description: "", parameters } };
}

/** A template may refuse what it is shown. */
function attempt(render: () => string): string {
  try {
    return render();
  } catch {
    return "";
  }
}
