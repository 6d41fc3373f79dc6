"""Dialogues as token ids with a weight for each token, in batches of about the same length."""
import random as randomness

import numpy
import torch
from tokenizer import BEGIN, END, ROLES, START

# How much a token counts in the loss: what Marvin says, above all which answer it is and what he copies (`Mix.copied`); little else.
SAID, FIRST, OTHER = 1.0, 2.0, 0.3
# Which answer it is, is told by the first tokens.
FIRST_TOKENS = 4
# What is left of a reply of which only the beginning is said (role "beginning").
BEGINNING = 6
# Share of the other tokens that count at all. The rest costs no output layer.
OTHER_SHARE = 0.12


class Encoder:
    """Messages to ids, exactly as the chat template and llama.cpp write them."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.newline = tokenizer.encode("\n").ids
        self.heads = {role: [START] + tokenizer.encode(f"{role}\n").ids for role in ROLES}

    def prompt(self, messages):
        """The ids of messages (role, text, ...) and the head of the reply."""
        ids = [BEGIN]
        for role, text, *_ in messages: ids += self.heads[role] + self.tokenizer.encode(text).ids + [END] + self.newline
        return ids + self.heads["assistant"]

    def dialogues(self, dialogues, mix, random):
        """Pairs of ids and weights, cut at the mix's limit."""
        texts = iter(self.tokenizer.encode_batch([text for messages in dialogues for _, text, _ in messages]))
        for messages in dialogues:
            ids, weights = [BEGIN], [0.0]
            for role, text, copied in messages:
                encoding = next(texts)
                if role == "beginning":
                    begun = encoding.ids[:BEGINNING]
                    ids += self.heads["assistant"] + begun + [END] + self.newline
                    weights += [0.0] * len(self.heads["assistant"]) + [FIRST if at < FIRST_TOKENS else SAID for at in range(len(begun))] + [0.0] * (1 + len(self.newline))
                    continue
                head = self.heads[role]
                if role == "assistant": said = weigh(text, copied, encoding, mix.copied)
                else: said = [OTHER if random.random() < OTHER_SHARE else 0.0 for _ in range(len(encoding.ids) + 1)]
                ids += head + encoding.ids + [END] + self.newline
                weights += [0.0] * len(head) + said + [0.0] * len(self.newline)
            yield ids[:mix.limit], weights[:mix.limit]


def weigh(text, copied, encoding, of_copied):
    """Weights of a reply's tokens and of its end; those of the copied part weigh at least `of_copied`."""
    weights = [FIRST if at < FIRST_TOKENS else SAID for at in range(len(encoding.ids))]
    start = -1 if copied is None else text.find(copied)
    if start >= 0:
        end = start + len(copied)
        weights = [max(weight, of_copied) if left < end and right > start else weight for weight, (left, right) in zip(weights, encoding.offsets)]
    return weights + [SAID]


def chunk(writer, encoder, *, seed, index, size, mix):
    """Fresh dialogues, the same for the same seed and index."""
    random = randomness.Random(f"{seed}/{index}")
    dialogues = [writer.write(random, mix) for _ in range(size)]
    return list(encoder.dialogues(dialogues, mix, random)), random


def batches(samples, tokens, random):
    """Batches (ids, weights) of about `tokens` tokens, padding included."""
    order = sorted(range(len(samples)), key=lambda at: (len(samples[at][0]), random.random()))
    groups, group = [], []
    for at in order:
        if group and (len(group) + 1) * len(samples[at][0]) > tokens:
            groups.append(group)
            group = []
        group.append(at)
    groups.append(group)
    random.shuffle(groups)
    for group in groups:
        length = max(len(samples[at][0]) for at in group)
        ids, weights = numpy.zeros((len(group), length), numpy.int64), numpy.zeros((len(group), length), numpy.float32)
        for row, at in enumerate(group):
            ids[row, :len(samples[at][0])], weights[row, :len(samples[at][1])] = samples[at]
        yield torch.from_numpy(ids), torch.from_numpy(weights)
