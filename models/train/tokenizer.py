"""The tokenizer: byte-level BPE on our own texts, without the words that have to be copied.

Names, cities, numbers and so on are no part of its training, so they always fall into small pieces, known or not:
copying one is then the same work as copying any other. Digits are never merged.
"""
import argparse
import pathlib
import random as randomness
import re

import knowledge as k
from phrasing import rephrase
from slots import fixed, nouns
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from words import Words

BEGIN, START, END = 0, 1, 2
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
ROLES = ("system", "user", "assistant")
# The first token stands in the template too: llama-cpp-python adds none to a text that a template wrote.
TEMPLATE = ("{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")


def texts(seed=7, forms=3):
    """Everything that is said, in a few forms, with nothing in the places of values."""
    random = randomness.Random(seed)
    for fact in k.facts() + k.small_talk():
        yield from [fact["answer"], fact["why"]] * 2
        yield from fact["more"] + fact["other"]
        for question in fact["questions"]:
            yield question
            for _ in range(forms): yield rephrase(question, random)
    for slot in fixed(Words()):
        for line in slot.tell + slot.ask + slot.noted + slot.answer: yield from [line.replace("{v}", "")] * 8
    yield from [k.PERSONA, k.GREETING, k.AGAIN, k.UNCLEAR, k.NO_REASON, k.NO_MORE, k.NOTHING_BEFORE, *k.UNKNOWN, *k.PERSONAS, *ROLES * 20] * 40
    for line in k.ASK_AGAIN + k.ASK_WHY + k.ASK_LAST + k.ASK_MORE: yield from [line, rephrase(line, random)] * 4
    for line in k.out_of_domain() + k.near_misses() + [form for _, forms, _ in k.OUTSIDE_KINDS for form in forms] + k.NEAR_FORMS + nouns(): yield re.sub(r"\{\w+\}", "", line)
    for words in k.PAST_DEEDS + k.PRIVATE_DEEDS: yield " ".join(words)
    yield from k.PAST_TIMES + k.PRIVATE_DOINGS + k.THINGS + k.PROGRAMS + k.FEATURES + k.WORKS + k.PLACES


def byte_level(model):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def of_vocabulary(tokens, merges):
    """The tokenizer that a GGUF describes."""
    tokenizer = byte_level(models.BPE({token: at for at, token in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in merges]))
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer


def train(size):
    tokenizer = byte_level(models.BPE())
    without_digits = ("".join(letter for letter in text if not letter.isdigit()) for text in texts())
    tokenizer.train_from_iterator(without_digits, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, min_frequency=4, show_progress=False,
                                                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def open_tokenizer(folder, size=2048):
    """The tokenizer of a training run; made when there is none yet."""
    path = pathlib.Path(folder) / "tokenizer.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        train(size).save(str(path))
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True  # the template's own tokens, typed by somebody, are text, as in llama.cpp
    return tokenizer


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("texts", nargs="*", default=[k.PERSONA, "My name is Gregor and my number is 4711.", "How many partitions does a consumer group need?"])
    for text in arguments.parse_args().texts: print(open_tokenizer(pathlib.Path(".state/train")).encode(text).tokens)
