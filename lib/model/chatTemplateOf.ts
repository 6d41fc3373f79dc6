import type { LlamaModel } from "node-llama-cpp";
import { ChatTemplate } from "./ChatTemplate.js";
import { ModelError } from "./ModelError.js";

/** As meta-llama/Llama-2-7b-chat-hf has it, and as the original walkthrough's Llama2Chat writes it. */
const LLAMA_2 = "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}"
  + "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
  + "{% for message in loop_messages %}"
  + "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
  + "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
  + "{% else %}{% set content = message['content'] %}{% endif %}"
  + "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
  + "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}"
  + "{% endfor %}";

const CHATML = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
  + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** For models that were not made for chat: names before what is said. */
const PLAIN = "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] }}"
  + "{% else %}{{ 'User: ' if message['role'] == 'user' else 'Assistant: ' }}{{ message['content'] }}{% endif %}{{ '\\n\\n' }}{% endfor %}"
  + "{{ 'Assistant:' }}";

/**
 * The chat template of a model: the one in its file. Files older than that custom have none: those of Llama 2 Chat get its
 * format, those with ChatML's tokens that, all others names before what is said.
 * @throws ModelError when the template in the file cannot be used.
 */
export function chatTemplateOf(model: LlamaModel, { thinking }: { thinking: boolean }): ChatTemplate {
  const variables = { bosToken: model.tokens.bosString ?? "", eosToken: model.tokens.eosString ?? "", thinking };
  const own = model.fileInfo.metadata.tokenizer.chat_template;
  if (own !== undefined) {
    try {
      return new ChatTemplate(own, variables);
    } catch (error) {
      throw new ModelError(`The chat template in ${model.filename ?? "the model's file"} cannot be used: ${(error as Error).message}. Choose another file of this model, or another model.`, { cause: error });
    }
  }
  if (/llama[-_ ]?2.*chat/i.test(model.filename ?? "")) return new ChatTemplate(LLAMA_2, variables);
  if (model.tokenize("<|im_start|>", true).length === 1) return new ChatTemplate(CHATML, variables);
  return new ChatTemplate(PLAIN, variables, ["\nUser:"]);
}
