import { computed, effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const ENTRY = "drover.theme";

/** The colours that were chosen here; `system` follows the system's. */
export const theme = signal<Theme>(kept());

export function setTheme(chosen: Theme): void {
  localStorage.setItem(ENTRY, chosen);
  theme.value = chosen;
}

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", () => {
  isSystemDark.value = darkSystem.matches;
});

/** Which colours are on; for what is drawn by hand and does not follow the style sheet. */
export const isDark = computed(() => (theme.value === "system" ? isSystemDark.value : theme.value === "dark"));

effect(() => {
  document.documentElement.style.colorScheme = theme.value === "system" ? "" : theme.value;
});

function kept(): Theme {
  const found = localStorage.getItem(ENTRY);
  return found === "light" || found === "dark" ? found : "system";
}
