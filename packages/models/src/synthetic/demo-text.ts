/** What a demo model says. */
export interface DemoText {
  /** Before its response. */
  readonly thought: string;
  readonly answer: string;
}

const DEMO_THOUGHT =
  "\nSomebody tries Drover with no model of their own. I should say what I am and how to get a real one.\n";

/**
 * The demo model's response to every chat. 🐑 is walked byte by byte on purpose: it shows that a character which the engine
 * yields in four tokens reaches the client in one piece.
 */
const DEMO_ANSWER = `

Hello! I am Drover's demo model 🐑: a GGUF file of one megabyte whose weights were constructed, not trained. llama.cpp really computes every token that you are reading, but this text is all I know, whatever you ask.

For real answers give Drover a real model, for example:

    drover up --model hf:bartowski/DeepSeek-R1-Distill-Qwen-1.5B-GGUF:Q4_K_M

or any other GGUF file: --model /path/to/file.gguf

中文：我是演示模型，只会说这一段话。请换成真实的模型，例如 --model ms:Qwen/Qwen2.5-1.5B-Instruct-GGUF/qwen2.5-1.5b-instruct-q4_k_m.gguf
`;

export const DEMO_TEXT: DemoText = { thought: DEMO_THOUGHT, answer: DEMO_ANSWER };

/**
 * Cuts text into pieces of which no two are equal and none is in `taken`, and adds them to `taken`: a word with the space
 * before it, a single CJK character, or more of these where shorter ones were used before. Together they are the text.
 */
export function cutUnique(text: string, taken: Set<string>): readonly string[] {
  const pieces: string[] = [];
  let pending = "";
  for (const part of text.match(PARTS) ?? []) {
    pending += part;
    if (pending === "" || taken.has(pending)) continue;
    taken.add(pending);
    pieces.push(pending);
    pending = "";
  }
  if (pending === "") return pieces;
  const last = (pieces.pop() ?? "") + pending;
  if (taken.has(last)) throw new RangeError(`the text ends in a piece that was used before: ${JSON.stringify(last)}`);
  taken.add(last);
  return [...pieces, last];
}

// In this order: an emoji alone, a CJK character with the punctuation after it, punctuation after that, a word with the spaces
// before it and a few of its inner separators as cuts, and what is left.
const PARTS =
  /\p{Extended_Pictographic}|\s*\p{Script=Han}[，。：]?|\s*[^\s\p{Script=Han}\p{Extended_Pictographic}/]*\/?|\s+/gu;
