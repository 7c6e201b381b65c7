/**
 * Text of another's making (a model's name, a header, a line of a program) as it may be written to a terminal: control
 * characters become `\x1b` and the like, so that no text moves the cursor or sets the clipboard. Line ends and tabs stay.
 */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
