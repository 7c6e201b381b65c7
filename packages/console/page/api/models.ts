import { effect, signal } from "@preact/signals";
import { apiKey, ask } from "./server.ts";

/** The name of the model that is served; undefined until it is known. */
export const model = signal<string | undefined>(undefined);

/** Asks for the model's name, and again with each new key. Where no worker is ready yet, the first chat tells it. */
export function followModel(): void {
  effect(() => {
    void apiKey.value;
    void read();
  });
}

async function read(): Promise<void> {
  try {
    const { data = [] } = (await (await ask("v1/models")).json()) as {
      readonly data?: readonly { readonly id?: string }[];
    };
    model.value = data[0]?.id;
  } catch {
    model.value = undefined;
  }
}
