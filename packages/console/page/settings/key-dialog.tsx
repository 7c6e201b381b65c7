import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import { Dialog } from "../parts/dialog.tsx";
import { KeyForm } from "../parts/key-form.tsx";
import { apiKey, setApiKey, wantsKey } from "../api/server.ts";

/** Asks for the API key when the server wanted one. */
export function KeyDialog(): VNode {
  const { keyTitle, keyText, keyLabel, keyWrong } = texts.value;
  const text = apiKey.value === "" ? keyText : keyWrong;
  return (
    <Dialog title={keyTitle} isOpen={wantsKey.value} onClose={() => (wantsKey.value = false)}>
      <KeyForm text={text} label={keyLabel} autoComplete="current-password" onKey={setApiKey} />
    </Dialog>
  );
}
