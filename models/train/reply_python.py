"""Reads dialogues from standard input and writes, for each, the prompt's tokens and the greedy reply of a GGUF in llama-cpp-python.

It runs in the Python that has llama-cpp-python, which is none of the training's requirements.
"""
import json
import os
import sys

# The package must not take `tokenizer.py` and its like from this folder.
sys.path.pop(0)
from llama_cpp import Llama  # noqa: E402

# Nothing but the model's own context (512 tokens without): the template, its stop tokens and the tokenizer come from the file.
model = Llama(sys.argv[1], n_ctx=0, verbose=bool(os.environ.get("VERBOSE")))
replies = []
for dialogue in json.load(sys.stdin):
    model.reset()
    messages = [{"role": role, "content": text} for role, text in dialogue["messages"]]
    reply = model.create_chat_completion(messages, temperature=0, repeat_penalty=1.0, max_tokens=120)
    replies.append({"prompt": model.input_ids[: len(dialogue["prompt"])].tolist(), "text": reply["choices"][0]["message"]["content"]})
json.dump(replies, sys.stdout)
