import { signal } from "@preact/signals";
import type { VNode } from "preact";
import type { Parameters } from "../chat/conversation.ts";
import { current, update } from "../chat/conversations.ts";
import { language, languages, setLanguage, texts } from "../language/language.ts";
import { Dialog } from "../parts/dialog.tsx";
import { apiKey, setApiKey } from "../api/server.ts";
import { setTheme, type Theme, theme } from "../theme.ts";

export const settingsOpen = signal(false);

/** What the shown conversation asks with, and how the page looks. */
export function SettingsDialog(): VNode {
  const { settings, close } = texts.value;
  const onClose = () => (settingsOpen.value = false);
  return (
    <Dialog title={settings} isOpen={settingsOpen.value} onClose={onClose}>
      <SystemPrompt />
      <div class="fields">
        <NumberField name="temperature" label={texts.value.temperature} min={0} max={2} step={0.1} />
        <NumberField name="topP" label={texts.value.topP} min={0} max={1} step={0.05} />
        <NumberField name="maxTokens" label={texts.value.maxTokens} min={1} max={1_000_000} step={1} />
        <NumberField name="seed" label={texts.value.seed} min={0} max={4_294_967_295} step={1} />
      </div>
      <Appearance />
      <KeyRow />
      <footer>
        <button type="button" class="primary" onClick={onClose}>
          {close}
        </button>
      </footer>
    </Dialog>
  );
}

function SystemPrompt(): VNode {
  const { id, system } = current.value;
  const { systemPrompt, systemPromptHint } = texts.value;
  return (
    <label class="field">
      {systemPrompt}
      <textarea
        rows={3}
        placeholder={systemPromptHint}
        value={system}
        onInput={({ currentTarget: { value } }) => update(id, (before) => ({ ...before, system: value }))}
      />
    </label>
  );
}

interface NumberFieldProps {
  readonly name: keyof Parameters;
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** Empty is the server's default. What is out of range is not taken. */
function NumberField({ name, label, min, max, step }: NumberFieldProps): VNode {
  const { id, parameters } = current.value;
  const change = (text: string) => {
    const { [name]: _, ...rest } = parameters;
    const value = Number(text);
    if (text === "") update(id, (before) => ({ ...before, parameters: rest }));
    else if (value >= min && value <= max) {
      update(id, (before) => ({ ...before, parameters: { ...rest, [name]: value } }));
    }
  };
  return (
    <label class="field">
      {label}
      <input
        type="number"
        inputMode={step < 1 ? "decimal" : "numeric"}
        min={min}
        max={max}
        step={step}
        placeholder={texts.value.serverDefault}
        value={parameters[name] ?? ""}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
    </label>
  );
}

function Appearance(): VNode {
  const { theme: label, themeSystem, themeLight, themeDark, language: languageLabel } = texts.value;
  const themes: readonly (readonly [Theme, string])[] = [
    ["system", themeSystem],
    ["light", themeLight],
    ["dark", themeDark],
  ];
  return (
    <div class="fields">
      <Choice label={label} chosen={theme.value} all={themes} onChoose={setTheme} />
      <Choice label={languageLabel} chosen={language.value} all={languages} onChoose={setLanguage} />
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly chosen: T;
  readonly all: readonly (readonly [value: T, text: string])[];
  readonly onChoose: (value: T) => void;
}

function Choice<T extends string>({ label, chosen, all, onChoose }: ChoiceProps<T>): VNode {
  return (
    <label class="field">
      {label}
      <select value={chosen} onChange={({ currentTarget }) => onChoose(currentTarget.value as T)}>
        {all.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function KeyRow(): VNode | null {
  const { keyLabel, keyForget } = texts.value;
  if (apiKey.value === "") return null;
  return (
    <p class="row">
      <span>
        {keyLabel}: {"•".repeat(8)}
        {apiKey.value.slice(-3)}
      </span>
      <button type="button" onClick={() => setApiKey("")}>
        {keyForget}
      </button>
    </p>
  );
}
