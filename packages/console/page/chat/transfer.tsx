import type { VNode } from "preact";
import { texts } from "../language/language.ts";
import { announce } from "../parts/announcer.tsx";
import { FileButton } from "../parts/file-button.tsx";
import { Icon } from "../parts/icon.tsx";
import { IconButton } from "../parts/icon-button.tsx";
import { readConversations, writeConversations } from "./conversation-file.ts";
import { addConversations, sorted } from "./conversations.ts";
import { signal } from "@preact/signals";

const message = signal("");

/** Takes all conversations out of this browser, and others in. */
export function Transfer(): VNode {
  const { exportAll, importChats } = texts.value;
  return (
    <div class="transfer">
      <FileButton
        label={importChats}
        class="quiet"
        accept="application/json,.json"
        onFiles={(files) => void take(files)}
      >
        <Icon name="upload" />
        {importChats}
      </FileButton>
      {sorted.value.length > 0 && (
        <IconButton
          icon="download"
          label={exportAll}
          onClick={() => saveFile("drover-chats.json", writeConversations(sorted.value))}
        />
      )}
      {message.value !== "" && <p class="note">{message.value}</p>}
    </div>
  );
}

async function take(files: readonly File[]): Promise<void> {
  const read = await Promise.all(files.map(async (file) => readConversations(await file.text())));
  const found = read.flat();
  const { imported, importFailed } = texts.value;
  message.value = found.length === 0 ? importFailed : imported(addConversations(found));
  announce(message.value);
}

/** Hands a text to the browser as a file to keep. */
export function saveFile(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
