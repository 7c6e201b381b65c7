/** As `family-templates`, of the models whose calls begin with a token of their own rather than with a tag. */

/** gpt-oss, by the documentation of OpenAI's harmony format: one call in a message, whose thinking is `thinking`; its results by the name of the function. */
export const HARMONY =
  "{{- '<|start|>system<|message|>Reasoning: ' + (reasoning_effort or 'medium') + '\\n# Valid channels: analysis, commentary, final.<|end|>' }}" +
  "{%- if messages[0].role in ['developer', 'system'] %}{%- set instructions = messages[0].content %}{%- set turns = messages[1:] %}{%- else %}{%- set instructions = '' %}{%- set turns = messages %}{%- endif %}" +
  "{%- if instructions or tools %}{{- '<|start|>developer<|message|>' + instructions }}{%- if tools %}{{- '\\nnamespace functions {\\n' }}{%- for tool in tools %}" +
  "{{- 'type ' + tool.function.name + ' = (_: ' }}{{- tool.function.parameters.properties | tojson }}{{- ') => any;\\n' }}{%- endfor %}{{- '}' }}{%- endif %}{{- '<|end|>' }}{%- endif %}" +
  "{%- set last = namespace(name=none) %}{%- for m in turns %}{%- if m.role == 'assistant' %}{%- if 'tool_calls' in m %}" +
  "{%- if m.content and m.thinking %}{{- raise_exception('Cannot pass both content and thinking in an assistant message with tool calls!') }}" +
  "{%- elif m.content or m.thinking %}{{- '<|start|>assistant<|channel|>analysis<|message|>' + (m.content or m.thinking) + '<|end|>' }}{%- endif %}" +
  "{%- set call = m.tool_calls[0] %}{%- if call.function %}{%- set call = call.function %}{%- endif %}" +
  "{{- '<|start|>assistant to=functions.' + call.name + '<|channel|>commentary json<|message|>' }}{{- call.arguments | tojson }}{{- '<|call|>' }}{%- set last.name = call.name %}" +
  "{%- else %}{{- '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|end|>' }}{%- set last.name = none %}{%- endif %}" +
  "{%- elif m.role == 'tool' %}{%- if last.name is none %}{{- raise_exception('Message has tool role, but there was no previous assistant message with a tool call!') }}{%- endif %}" +
  "{{- '<|start|>functions.' + last.name + ' to=assistant<|channel|>commentary<|message|>' }}{{- m.content | tojson }}{{- '<|end|>' }}" +
  "{%- elif m.role == 'user' %}{{- '<|start|>user<|message|>' + m.content + '<|end|>' }}{%- endif %}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}";

/** Llama 3.1 and its successors: one call in a message and no more, as an object that is all of it. */
export const LLAMA3 =
  "{{- bos_token }}{%- macro head(role) %}{{- '<|start_header_id|>' + role + '<|end_header_id|>\\n\\n' }}{%- endmacro %}" +
  "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] | trim %}{%- set messages = messages[1:] %}{%- else %}{%- set system_message = '' %}{%- endif %}" +
  "{{- head('system') + system_message + '<|eot_id|>' }}" +
  "{%- if tools is defined and tools is not none %}{%- if messages | length != 0 %}{%- set first = messages[0]['content'] | trim %}{%- set messages = messages[1:] %}" +
  '{%- else %}{{- raise_exception("Cannot put tools in the first user message when there\'s no first user message!") }}{%- endif %}' +
  "{{- head('user') }}{%- for tool in tools %}{{- tool | tojson(indent=4) }}{{- '\\n\\n' }}{%- endfor %}{{- first + '<|eot_id|>' }}{%- endif %}" +
  "{%- for message in messages %}{%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}" +
  "{{- head(message['role']) + message['content'] | trim + '<|eot_id|>' }}" +
  "{%- elif 'tool_calls' in message %}{%- if not message.tool_calls | length == 1 %}{{- raise_exception('This model only supports single tool-calls at once!') }}{%- endif %}" +
  "{%- set call = message.tool_calls[0].function %}{{- head('assistant') + '{\"name\": \"' + call.name + '\", \"parameters\": ' }}{{- call.arguments | tojson }}{{- '}<|eot_id|>' }}" +
  "{%- elif message.role == 'tool' or message.role == 'ipython' %}{{- head('ipython') }}" +
  "{%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}{%- else %}{{- message.content }}{%- endif %}{{- '<|eot_id|>' }}{%- endif %}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- head('assistant') }}{%- endif %}";

/** DeepSeek V3 with tools: arguments are texts, and a message with calls has no content. */
export const DEEPSEEK =
  "{%- set ns = namespace(system='', is_output_first=true) %}{%- for m in messages %}{%- if m['role'] == 'system' %}{%- set ns.system = ns.system + m['content'] %}{%- endif %}{%- endfor %}" +
  "{%- if tools is defined and tools is not none %}{%- for tool in tools %}{%- set ns.system = ns.system + '\\n### ' + tool.function.name + '\\n' + (tool.function.parameters | tojson) %}{%- endfor %}{%- endif %}" +
  "{{- bos_token }}{{- ns.system }}{%- for m in messages %}{%- if m['role'] == 'user' %}{{- '<｜User｜>' + m['content'] }}{%- endif %}" +
  "{%- if m['role'] == 'assistant' and m['tool_calls'] is defined and m['tool_calls'] is not none %}{{- '<｜Assistant｜>' }}{%- if m['content'] is not none %}{{- m['content'] }}{%- endif %}{{- '<｜tool▁calls▁begin｜>' }}" +
  "{%- for tool in m['tool_calls'] %}{%- if not loop.first %}{{- '\\n' }}{%- endif %}{{- '<｜tool▁call▁begin｜>' + tool['type'] + '<｜tool▁sep｜>' + tool['function']['name'] + '\\n```json\\n' + tool['function']['arguments'] + '\\n```<｜tool▁call▁end｜>' }}" +
  "{%- endfor %}{{- '<｜tool▁calls▁end｜><｜end▁of▁sentence｜>' }}{%- elif m['role'] == 'assistant' %}{{- '<｜Assistant｜>' + m['content'] + '<｜end▁of▁sentence｜>' }}{%- endif %}" +
  "{%- if m['role'] == 'tool' %}{%- if ns.is_output_first %}{{- '<｜tool▁outputs▁begin｜>' }}{%- set ns.is_output_first = false %}{%- endif %}{{- '<｜tool▁output▁begin｜>' + m['content'] + '<｜tool▁output▁end｜>' }}" +
  "{%- if loop.last or messages[loop.index0 + 1]['role'] != 'tool' %}{{- '<｜tool▁outputs▁end｜>' }}{%- set ns.is_output_first = true %}{%- endif %}{%- endif %}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<｜Assistant｜>' }}{%- endif %}";

/** Where a Mistral template demands turns of user and assistant. */
const ALTERNATE =
  "{%- set ns = namespace(index=0) %}{%- for m in turns %}{%- if m.role == 'user' or (m.role == 'assistant' and (m.tool_calls is not defined or m.tool_calls is none)) %}" +
  "{%- if (m.role == 'user') != (ns.index % 2 == 0) %}{{- raise_exception('After the optional system message, conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif %}" +
  "{%- set ns.index = ns.index + 1 %}{%- endif %}{%- endfor %}";

const MISTRAL_START =
  "{%- if messages[0].role == 'system' %}{%- set system_message = messages[0].content %}{%- set turns = messages[1:] %}{%- else %}{%- set turns = messages %}{%- endif %}" +
  "{%- if not tools is defined %}{%- set tools = none %}{%- endif %}" +
  `{%- set user_messages = turns | selectattr('role', 'equalto', 'user') | list %}${ALTERNATE}{{- bos_token }}`;

/** Mistral 7B v0.3, Nemo and Large: a list of objects, and ids of nine letters and digits. */
export const MISTRAL_LIST =
  `${MISTRAL_START}{%- for message in turns %}{%- if message.role == 'user' %}` +
  "{%- if tools is not none and message == user_messages[-1] %}{{- '[AVAILABLE_TOOLS] [' }}{%- for tool in tools %}{{- tool | tojson }}{{- ', ' if not loop.last else ']' }}{%- endfor %}{{- '[/AVAILABLE_TOOLS]' }}{%- endif %}" +
  "{%- if loop.last and system_message is defined %}{{- '[INST] ' + system_message + '\\n\\n' + message.content + '[/INST]' }}{%- else %}{{- '[INST] ' + message.content + '[/INST]' }}{%- endif %}" +
  "{%- elif message.tool_calls is defined and message.tool_calls is not none %}{{- '[TOOL_CALLS] [' }}{%- for call in message.tool_calls %}{%- set out = call.function | tojson %}{{- out[:-1] }}" +
  "{%- if not call.id is defined or call.id | length != 9 %}{{- raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{%- endif %}" +
  "{{- ', \"id\": \"' + call.id + '\"}' }}{{- ', ' if not loop.last else ']' + eos_token }}{%- endfor %}" +
  "{%- elif message.role == 'assistant' %}{{- ' ' + message.content | trim + eos_token }}" +
  "{%- elif message.role == 'tool' %}{{- '[TOOL_RESULTS] {\"content\": ' + message.content | string + ', ' }}" +
  "{%- if not message.tool_call_id is defined or message.tool_call_id | length != 9 %}{{- raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{%- endif %}" +
  "{{- '\"call_id\": \"' + message.tool_call_id + '\"}[/TOOL_RESULTS]' }}{%- else %}{{- raise_exception('Only user and assistant roles are supported!') }}{%- endif %}{%- endfor %}";

/** Mistral Small 3.2, Magistral and Devstral: each call begins with the token and its name. */
export const MISTRAL_NAMED =
  `${MISTRAL_START}{%- if system_message is defined %}{{- '[SYSTEM_PROMPT]' + system_message + '[/SYSTEM_PROMPT]' }}{%- endif %}` +
  "{%- for message in turns %}{%- if message.role == 'user' %}{%- if tools is not none and message == user_messages[-1] %}{{- '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}{%- endif %}" +
  "{{- '[INST]' + message.content + '[/INST]' }}" +
  "{%- elif message.role == 'assistant' %}{%- if message.content %}{{- message.content }}{%- endif %}{%- if message.tool_calls %}{%- for call in message.tool_calls %}" +
  "{%- if not call.id is defined or call.id is not string or call.id | length != 9 %}{{- raise_exception('Tool call IDs should be alphanumeric strings with length 9!') }}{%- endif %}" +
  "{%- set arguments = call.function.arguments %}{%- if arguments is not string %}{%- set arguments = arguments | tojson %}{%- endif %}" +
  "{{- '[TOOL_CALLS]' + call.function.name + '[CALL_ID]' + call.id + '[ARGS]' + arguments }}{%- endfor %}{%- endif %}{{- eos_token }}" +
  "{%- elif message.role == 'tool' %}{{- '[TOOL_RESULTS]' + message.tool_call_id + '[TOOL_CONTENT]' + message.content | string + '[/TOOL_RESULTS]' }}" +
  "{%- else %}{{- raise_exception('Only user, assistant and tool roles are supported.') }}{%- endif %}{%- endfor %}";
