import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { texts } from "../language/language.ts";
import { Trouble } from "./trouble.tsx";

interface KeyFormProps {
  readonly text: string;
  readonly label: string;
  readonly autoComplete: "off" | "current-password";
  /** Takes the key. @throws with the reason where it is refused */
  readonly onKey: (key: string) => void | Promise<void>;
}

/** Asks for a key. */
export function KeyForm({ text, label, autoComplete, onKey }: KeyFormProps): VNode {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      if (key.trim() !== "") await onKey(key.trim());
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{text}</p>
      <label class="field">
        {label}
        <input
          type="password"
          autoComplete={autoComplete}
          autofocus
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
      </label>
      <Trouble text={problem} />
      <footer>
        <button type="submit" class="primary" disabled={key.trim() === ""}>
          {texts.value.save}
        </button>
      </footer>
    </form>
  );
}
