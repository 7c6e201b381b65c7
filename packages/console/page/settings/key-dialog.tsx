import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { texts } from "../language/language.ts";
import { Dialog } from "../parts/dialog.tsx";
import { apiKey, setApiKey, wantsKey } from "../api/server.ts";

/** Asks for the API key when the server wanted one. */
export function KeyDialog(): VNode {
  const { keyTitle } = texts.value;
  return (
    <Dialog title={keyTitle} isOpen={wantsKey.value} onClose={() => (wantsKey.value = false)}>
      <KeyForm />
    </Dialog>
  );
}

function KeyForm(): VNode {
  const [key, setKey] = useState("");
  const { keyText, keyLabel, keyWrong, save } = texts.value;
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() !== "") setApiKey(key.trim());
  };
  return (
    <form onSubmit={submit}>
      <p>{apiKey.value === "" ? keyText : keyWrong}</p>
      <label class="field">
        {keyLabel}
        <input
          type="password"
          autoComplete="current-password"
          value={key}
          autofocus
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      <footer>
        <button type="submit" class="primary" disabled={key.trim() === ""}>
          {save}
        </button>
      </footer>
    </form>
  );
}
