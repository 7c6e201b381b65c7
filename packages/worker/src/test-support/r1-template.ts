/** In the way of DeepSeek-R1: an own form for calls, thoughts of earlier turns cut off, thinking opened by the prompt. */
export const R1 =
  "{% set ns = namespace(system='') %}{% for m in messages %}{% if m['role'] == 'system' %}{% set ns.system = m['content'] %}{% endif %}{% endfor %}" +
  "{{ bos_token }}{{ ns.system }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '<｜User｜>' + m['content'] }}{% endif %}" +
  "{% if m['role'] == 'assistant' and m['content'] is not none %}{{ m['content'].split('</think>')[-1] }}{% endif %}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}";
