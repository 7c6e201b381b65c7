/**
 * Whether a key sends the message: Enter alone. While an input method composes (Chinese, Japanese, Korean), Enter chooses what was typed
 * and sends nothing; Safari ends the composition before that key and marks it only by the code 229.
 */
export function isSendKey(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey" | "isComposing" | "keyCode">,
): boolean {
  if (event.isComposing || event.keyCode === 229) return false;
  return event.key === "Enter" && !event.shiftKey && !event.altKey;
}
