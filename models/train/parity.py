"""Compares a GGUF with the weights it came from: the same prompt tokens, the same greedy reply, in PyTorch and in node-llama-cpp,
and in llama-cpp-python where the Python of an environment that has it is given.

    python models/train/parity.py .state/train/marvin .state/train/marvin.gguf [--cases 40] [--llama-cpp-python PYTHON]
"""
import argparse
import json
import pathlib
import random as randomness
import subprocess
import sys

import knowledge as k
import torch
from batches import Encoder
from dialogues import Mix, Writer
from model import Marvin, Shape
from tokenizer import END, open_tokenizer

HERE = pathlib.Path(__file__).parent


def open_model(folder):
    """The model of a training run, and the encoder of its texts."""
    saved = torch.load(folder / "checkpoint.pt", map_location="cpu")
    model = Marvin(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    return model.eval(), Encoder(open_tokenizer(folder))


@torch.no_grad()
def greedy(model, ids, most=120):
    """The ids of the likeliest reply, token by token."""
    reply = []
    while len(reply) < most:
        reply.append(int(model(torch.tensor([ids + reply]))[0, -1].argmax()))
        if reply[-1] == END: return reply[:-1]
    return reply


def dialogues(count, seed=3):
    """Dialogues up to a question, with what was said before it; the last one is long."""
    random, writer, found = randomness.Random(seed), Writer(), []
    while len(found) < count:
        messages = [(role, text) for role, text, _ in writer.write(random, Mix(drills=0.3, long=0.1))]
        if messages[0][0] != "system": messages.insert(0, ("system", k.PERSONA))
        while messages and messages[-1][0] != "user": messages.pop()
        if messages: found.append(messages)
    return found


def compare(name, command, expected):
    """Whether a program that runs the GGUF has the same prompts and, nearly always, the same replies; it says how many."""
    there = subprocess.run(list(map(str, command)), input=json.dumps(expected), capture_output=True, text=True)
    if there.returncode != 0: sys.exit(there.stderr)
    replies = json.loads(there.stdout)
    prompts = sum(case["prompt"] == reply["prompt"] for case, reply in zip(expected, replies))
    texts = sum(case["text"].strip() == reply["text"].strip() for case, reply in zip(expected, replies))
    for case, reply in zip(expected, replies):
        if case["text"].strip() != reply["text"].strip(): print(f'PyTorch: {case["text"]}\n{name}: {reply["text"]}')
    print(f"{name}: {len(expected)} dialogues, same prompt tokens in {prompts}, same greedy reply in {texts}")
    # Q8_0 rounds the weights, so a reply on the edge may tip.
    return prompts == len(expected) and texts >= 0.9 * len(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("gguf", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--llama-cpp-python", metavar="PYTHON", help="a Python with the package llama-cpp-python")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    model, encoder = open_model(chosen.folder)
    expected = []
    for messages in dialogues(chosen.cases):
        prompt = encoder.prompt(messages)
        if len(prompt) > 800: continue
        expected.append({"messages": messages, "prompt": prompt, "text": encoder.tokenizer.decode(greedy(model, prompt))})
    readers = {"node-llama-cpp": ["node", HERE / "reply_node.mjs"]}
    if chosen.llama_cpp_python: readers["llama-cpp-python"] = [chosen.llama_cpp_python, HERE / "reply_python.py"]
    agree = [compare(name, [*reader, chosen.gguf.resolve()], expected) for name, reader in readers.items()]
    sys.exit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
