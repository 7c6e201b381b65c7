import { computed, effect, signal } from "@preact/signals";
import { chinese } from "./chinese.ts";
import { english, type Texts } from "./english.ts";

export type Language = "en" | "zh";

const ENTRY = "drover.language";

const known: Readonly<Record<Language, Texts>> = { en: english, zh: chinese };

/** The language of the page: what was chosen here before, else the first of the browser's that the page has. */
export const language = signal<Language>(chosen() ?? preferred(navigator.languages));

/** The page's texts in that language. */
export const texts = computed(() => known[language.value]);

/** Those that the page has, with their names in themselves. */
export const languages = Object.entries(known).map(
  ([code, { languageName }]) => [code as Language, languageName] as const,
);

export function setLanguage(code: Language): void {
  localStorage.setItem(ENTRY, code);
  language.value = code;
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});

function chosen(): Language | undefined {
  const kept = localStorage.getItem(ENTRY);
  return kept === "en" || kept === "zh" ? kept : undefined;
}

function preferred(wanted: readonly string[]): Language {
  const first = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag === "zh" || tag === "en");
  return first === "zh" ? "zh" : "en";
}
