/** A vocabulary's tokens that are not text, from the end of the text tokens on, and the chat template that uses them. */
export interface SpecialTokens {
  /** In the order of their ids. */
  readonly control: readonly string[];
  /** Tokens that a tokenizer finds in any text and that print as they are, such as `<think>`; after `control`. */
  readonly marks: readonly string[];
  /** What the ids up to the vocabulary's size are called. */
  readonly filler: (index: number) => string;
  readonly bos: string;
  readonly eos: string;
  readonly pad: string;
  readonly chatTemplate: string;
}

const ROLES_INLINE =
  "{% if message['role'] == 'user' %}<｜User｜>{{ message['content'] }}{% elif message['role'] == 'assistant' %}";

/** DeepSeek-R1's way: roles inline, thoughts of earlier turns left out. */
const DEEPSEEK_TEMPLATE = [
  "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] }}{% endif %}{% endfor %}",
  `{% for message in messages %}${ROLES_INLINE}`,
  "{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}",
  "<｜Assistant｜>{{ content }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}",
  "{% if add_generation_prompt %}<｜Assistant｜>{% endif %}",
].join("");

/** ChatML, as Qwen 2.5 uses it. */
const CHATML_TEMPLATE = [
  "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}",
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}",
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
].join("");

const LLAMA_TEMPLATE = [
  "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n",
  "{{ message['content'] | trim }}<|eot_id|>{% endfor %}",
  "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
].join("");

const pad = (index: number): string => `[PAD${index}]`;

/** The special tokens of the families that we imitate, by family. Sources: tokenizer_config.json of each model. */
export const SPECIAL_TOKENS = {
  deepseek: {
    control: ["<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>", "<|EOT|>"],
    marks: ["<think>", "</think>"],
    filler: pad,
    bos: "<｜begin▁of▁sentence｜>",
    eos: "<｜end▁of▁sentence｜>",
    pad: "<｜end▁of▁sentence｜>",
    chatTemplate: DEEPSEEK_TEMPLATE,
  },
  qwen: {
    control: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    marks: ["<tool_call>", "</tool_call>"],
    filler: pad,
    bos: "<|endoftext|>",
    eos: "<|im_end|>",
    pad: "<|endoftext|>",
    chatTemplate: CHATML_TEMPLATE,
  },
  llama: {
    control: [
      "<|begin_of_text|>",
      "<|end_of_text|>",
      "<|reserved_special_token_0|>",
      "<|reserved_special_token_1|>",
      "<|finetune_right_pad_id|>",
      "<|reserved_special_token_2|>",
      "<|start_header_id|>",
      "<|end_header_id|>",
      "<|eom_id|>",
      "<|eot_id|>",
      "<|python_tag|>",
    ],
    marks: [],
    filler: (index) => `<|reserved_special_token_${index - 8}|>`,
    bos: "<|begin_of_text|>",
    eos: "<|eot_id|>",
    pad: "<|finetune_right_pad_id|>",
    chatTemplate: LLAMA_TEMPLATE,
  },
} as const satisfies Record<string, SpecialTokens>;
