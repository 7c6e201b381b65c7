/**
 * Chat templates in the way of the models that call tools, each written from what its makers say of its format: the same marks, the same demands on roles, ids
 * and arguments, and the same refusals. Texts for the model are shortened.
 */

const IM_START = "{%- macro turn(role) %}{{- '<|im_start|>' + role + '\\n' }}{%- endmacro %}";
const GENERATE_CHATML = "{%- if add_generation_prompt %}{{- turn('assistant') }}{%- endif %}";

/** Runs of results are one message of the user's. */
const RESULTS_AS_USER =
  "{%- elif m.role == 'tool' %}{%- if loop.previtem and loop.previtem.role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}" +
  "{{- '\\n<tool_response>\\n' + m.content + '\\n</tool_response>' }}" +
  "{%- if not loop.last and loop.nextitem.role != 'tool' %}{{- '<|im_end|>\\n' }}{%- elif loop.last %}{{- '<|im_end|>\\n' }}{%- endif %}";

/** Hermes, Qwen 2.5 and Qwen 3: a call is a JSON object between tags. */
export const HERMES =
  `${IM_START}{%- if tools %}{{- turn('system') }}{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}` +
  "{{- '<tools>' }}{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}{{- '\\n</tools><|im_end|>\\n' }}" +
  "{%- elif messages[0].role == 'system' %}{{- turn('system') + messages[0].content + '<|im_end|>\\n' }}{%- endif %}" +
  "{%- for m in messages %}{%- if m.role == 'user' or (m.role == 'system' and not loop.first) %}{{- turn(m.role) + m.content + '<|im_end|>\\n' }}" +
  "{%- elif m.role == 'assistant' %}{{- turn('assistant') + m.content }}{%- if m.tool_calls %}{%- for call in m.tool_calls %}" +
  "{%- if (loop.first and m.content) or not loop.first %}{{- '\\n' }}{%- endif %}{%- if call.function %}{%- set call = call.function %}{%- endif %}" +
  '{{- \'<tool_call>\\n{"name": "\' + call.name + \'", "arguments": \' }}' +
  "{%- if call.arguments is string %}{{- call.arguments }}{%- else %}{{- call.arguments | tojson }}{%- endif %}{{- '}\\n</tool_call>' }}{%- endfor %}{%- endif %}" +
  `{{- '<|im_end|>\\n' }}${RESULTS_AS_USER}{%- endif %}{%- endfor %}${GENERATE_CHATML}`;

/** What Qwen3-Coder and Qwen 3.5 have in common: a call is an element for the function and one for each argument, which the template walks. */
const FUNCTION_CALLS =
  "{%- if m.tool_calls is defined and m.tool_calls is iterable and m.tool_calls | length > 0 %}{%- for call in m.tool_calls %}" +
  "{%- if call.function is defined %}{%- set call = call.function %}{%- endif %}{%- if not loop.first or m.content | trim %}{{- '\\n' }}{%- endif %}" +
  "{{- '<tool_call>\\n<function=' + call.name + '>\\n' }}{%- if call.arguments is defined %}{%- for name, value in call.arguments | items %}" +
  "{{- '<parameter=' + name + '>\\n' }}{{- value if value is string else value | tojson }}{{- '\\n</parameter>\\n' }}{%- endfor %}{%- endif %}" +
  "{{- '</function>\\n</tool_call>' }}{%- endfor %}{%- endif %}";

/** Qwen3-Coder: tools are described by elements too. */
export const QWEN3_CODER =
  `${IM_START}{%- macro extra(json, known) %}{%- if json is mapping %}{%- for key in json if key not in known %}` +
  "{{- '\\n<' ~ key ~ '>' }}{{- json[key] | tojson | safe if json[key] is mapping or (json[key] is sequence and json[key] is not string) else json[key] | string }}" +
  "{{- '</' ~ key ~ '>' }}{%- endfor %}{%- endif %}{%- endmacro %}" +
  "{%- if messages[0].role == 'system' %}{%- set system_message = messages[0].content %}{%- set loop_messages = messages[1:] %}" +
  "{%- else %}{%- set loop_messages = messages %}{%- endif %}{%- if not tools is defined %}{%- set tools = [] %}{%- endif %}" +
  "{%- if system_message is defined or tools | length > 0 %}{{- turn('system') + (system_message or 'You are Qwen.') }}{%- endif %}" +
  "{%- if tools is iterable and tools | length > 0 %}{{- '\\n\\n<tools>' }}{%- for tool in tools %}{%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}" +
  "{{- '\\n<function>\\n<name>' ~ tool.name ~ '</name>\\n<parameters>' }}" +
  "{%- if tool.parameters is defined and tool.parameters is mapping and tool.parameters.properties is defined and tool.parameters.properties is mapping %}" +
  "{%- for name, fields in tool.parameters.properties | items %}{{- '\\n<parameter>\\n<name>' ~ name ~ '</name>' }}" +
  "{{- '\\n<type>' ~ fields.type | string ~ '</type>' }}{{- extra(fields, ['name', 'type']) }}{{- '\\n</parameter>' }}{%- endfor %}{%- endif %}" +
  "{{- extra(tool.parameters, ['type', 'properties']) }}{{- '\\n</parameters>\\n</function>' }}{%- endfor %}{{- '\\n</tools>' }}{%- endif %}" +
  "{%- if system_message is defined or tools | length > 0 %}{{- '<|im_end|>\\n' }}{%- endif %}" +
  "{%- for m in loop_messages %}{%- if m.role == 'assistant' %}{{- turn('assistant') }}{%- if m.content is string and m.content | trim | length > 0 %}" +
  `{{- m.content | trim }}{%- endif %}${FUNCTION_CALLS}{{- '<|im_end|>\\n' }}` +
  `{%- elif m.role in ['user', 'system'] %}{{- turn(m.role) + m.content + '<|im_end|>\\n' }}${RESULTS_AS_USER}` +
  `{%- else %}{{- turn(m.role) + m.content + '<|im_end|>\\n' }}{%- endif %}{%- endfor %}${GENERATE_CHATML}`;

/** Qwen 3.5 and 3.6: one system message, which comes first, and thinking that the prompt opens; that of earlier turns is left out. */
export const QWEN35 =
  `${IM_START}{%- if not messages %}{{- raise_exception('No messages provided.') }}{%- endif %}` +
  "{%- if tools and tools is iterable and tools is not mapping %}{{- turn('system') + '<tools>' }}{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}" +
  "{{- '\\n</tools>' }}{%- if messages[0].role == 'system' %}{{- '\\n\\n' + messages[0].content | trim }}{%- endif %}{{- '<|im_end|>\\n' }}" +
  "{%- elif messages[0].role == 'system' %}{{- turn('system') + messages[0].content | trim + '<|im_end|>\\n' }}{%- endif %}" +
  "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages | length - 1) %}{%- for m in messages[::-1] %}{%- set index = (messages | length - 1) - loop.index0 %}" +
  "{%- if ns.multi_step_tool and m.role == 'user' %}{%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}{%- endif %}{%- endfor %}" +
  "{%- if ns.multi_step_tool %}{{- raise_exception('No user query found in messages.') }}{%- endif %}" +
  "{%- for m in messages %}{%- if m.role == 'system' %}{%- if not loop.first %}{{- raise_exception('System message must be at the beginning.') }}{%- endif %}" +
  "{%- elif m.role == 'user' %}{{- turn('user') + m.content | trim + '<|im_end|>\\n' }}" +
  "{%- elif m.role == 'assistant' %}{%- set thoughts = m.reasoning_content | trim if m.reasoning_content is string else '' %}" +
  "{{- turn('assistant') }}{%- if loop.index0 > ns.last_query_index %}{{- '<think>\\n' + thoughts + '\\n</think>\\n\\n' }}{%- endif %}{{- m.content | trim }}" +
  `${FUNCTION_CALLS}{{- '<|im_end|>\\n' }}${RESULTS_AS_USER}{%- else %}{{- raise_exception('Unexpected message role.') }}{%- endif %}{%- endfor %}` +
  "{%- if add_generation_prompt %}{{- turn('assistant') }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}" +
  "{%- else %}{{- '<think>\\n' }}{%- endif %}{%- endif %}";

/** GLM-4.5 and 4.6: a call is a name with keys and values; `items()` of the arguments. */
export const GLM =
  "{{- '[gMASK]<sop>' }}{%- if tools %}{{- '<|system|>\\n<tools>\\n' }}{%- for tool in tools %}{{- tool | tojson(ensure_ascii=False) }}{{- '\\n' }}{%- endfor %}{{- '</tools>' }}{%- endif %}" +
  "{%- macro visible(content) %}{%- if content is string %}{{- content }}{%- elif content is iterable and content is not mapping %}{%- for item in content %}" +
  "{{- item.text if item is mapping and item.type == 'text' else item }}{%- endfor %}{%- else %}{{- content }}{%- endif %}{%- endmacro %}" +
  "{%- set ns = namespace(last_user_index=-1) %}{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.last_user_index = loop.index0 %}{%- endif %}{%- endfor %}" +
  "{%- for m in messages %}{%- if m.role == 'user' %}{{- '<|user|>\\n' + visible(m.content) }}" +
  "{{- '/nothink' if enable_thinking is defined and not enable_thinking and not visible(m.content).endswith('/nothink') else '' }}" +
  "{%- elif m.role == 'assistant' %}{{- '<|assistant|>' }}{%- set thoughts = m.reasoning_content if m.reasoning_content is string else '' %}" +
  "{%- if loop.index0 > ns.last_user_index and thoughts %}{{- '\\n<think>' + thoughts.strip() + '</think>' }}{%- else %}{{- '\\n<think></think>' }}{%- endif %}" +
  "{%- if visible(m.content).strip() %}{{- '\\n' + visible(m.content).strip() }}{%- endif %}" +
  "{%- if m.tool_calls %}{%- for call in m.tool_calls %}{%- if call.function %}{%- set call = call.function %}{%- endif %}{{- '\\n<tool_call>' + call.name }}" +
  "{%- set args = call.arguments %}{%- for key, value in args.items() %}{{- '\\n<arg_key>' + key + '</arg_key>\\n<arg_value>' }}" +
  "{{- value | tojson(ensure_ascii=False) if value is not string else value }}{{- '</arg_value>' }}{%- endfor %}{{- '\\n</tool_call>' }}{%- endfor %}{%- endif %}" +
  "{%- elif m.role == 'tool' %}{%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{- '<|observation|>' }}{%- endif %}" +
  "{{- '\\n<tool_response>\\n' + m.content + '\\n</tool_response>' }}" +
  "{%- elif m.role == 'system' %}{{- '<|system|>\\n' + visible(m.content) }}{%- endif %}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|assistant|>' }}{{- '\\n<think></think>' if enable_thinking is defined and not enable_thinking else '' }}{%- endif %}";

/** MiniMax-M2: calls as elements of another kind, results in one message, and none without a call before it. */
export const MINIMAX =
  "{%- if messages and messages[0].role == 'system' %}{%- set system = messages[0].content %}{%- set turns = messages[1:] %}{%- else %}{%- set turns = messages %}{%- endif %}" +
  "{{- ']~!b[]~b]system\\n' }}{{- system if system is defined else 'You are a helpful assistant.' }}" +
  "{%- if tools %}{{- '\\n\\n<tools>\\n' }}{%- for tool in tools %}{{- '<tool>' ~ tool.function | tojson(ensure_ascii=False) ~ '</tool>\\n' }}{%- endfor %}{{- '</tools>' }}" +
  '{{- \'\\n<minimax:tool_call>\\n<invoke name="tool-name">\\n<parameter name="key">value</parameter>\\n</invoke>\\n</minimax:tool_call>\' }}{%- endif %}' +
  "{{- '[e~[\\n' }}{%- set ns = namespace(called=false, last_user=-1) %}{%- for m in turns %}{%- if m.role == 'user' %}{%- set ns.last_user = loop.index0 %}{%- endif %}{%- endfor %}" +
  "{%- for m in turns %}{%- if m.role == 'assistant' %}{{- ']~b]ai\\n' }}" +
  "{%- if m.reasoning_content and loop.index0 > ns.last_user %}{{- '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' }}{%- endif %}" +
  "{%- if m.content %}{{- m.content }}{%- endif %}{%- set ns.called = false %}{%- if m.tool_calls %}{%- set ns.called = true %}{{- '\\n<minimax:tool_call>\\n' }}" +
  "{%- for call in m.tool_calls %}{%- if call.function %}{%- set call = call.function %}{%- endif %}{{- '<invoke name=\"' + call.name + '\">' }}" +
  "{%- for key, value in call.arguments.items() %}{{- '\\n<parameter name=\"' + key + '\">' }}{{- value | tojson(ensure_ascii=False) if value is not string else value }}" +
  "{{- '</parameter>' }}{%- endfor %}{{- '\\n</invoke>\\n' }}{%- endfor %}{{- '</minimax:tool_call>' }}{%- endif %}{{- '[e~[\\n' }}" +
  "{%- elif m.role == 'tool' %}{%- if not ns.called %}{{- raise_exception('Message has tool role, but there was no previous assistant message with a tool call!') }}{%- endif %}" +
  "{%- if loop.first or turns[loop.index0 - 1].role != 'tool' %}{{- ']~b]tool' }}{%- endif %}{{- '\\n<response>' + m.content + '</response>' }}" +
  "{%- if loop.last or turns[loop.index0 + 1].role != 'tool' %}{{- '[e~[\\n' }}{%- endif %}" +
  "{%- elif m.role == 'user' %}{{- ']~b]user\\n' + m.content + '[e~[\\n' }}{%- endif %}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- ']~b]ai\\n<think>\\n' }}{%- endif %}";
