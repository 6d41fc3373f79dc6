"""Quick trials during training: would the model say the expected reply, token for token?

Greedy text equals the expected one exactly when every expected token is the likeliest after the ones before it, so one
pass over prompt and reply decides. The values to recall are never trained on; the evaluation has others.
"""
import random as randomness

import knowledge as k
import torch
from batches import BEGINNING
from precision import quick
from slots import ask, tell
from tokenizer import END
from words import TRIED

# With less than this probability of the right answer the model counts as unsure in the examination. Whoever is wrong has less than a half.
SURE = 0.65
# How the walkthrough begins.
BEGUN = [("system", k.PERSONA, None), ("assistant", k.GREETING, None)]


def cases(writer, size=64, seed=5):
    """Named lists of (messages before the reply, expected replies): any of them counts."""
    random = randomness.Random(seed)
    facts = [fact for fact in writer.facts if fact["asked"]]

    def polite(question):
        return question[:1].upper() + question[1:]

    def fact_turns(count):
        turns = []
        for fact in random.sample(facts, count): turns += [("user", polite(random.choice(fact["asked"])), None), ("assistant", fact["answer"], None)]
        return turns

    found = {"trained": [], "apart": []}
    for fact in facts:
        found["trained"].append((BEGUN + [("user", polite(random.choice(fact["asked"])), None)], [fact["answer"]]))
        found["apart"] += [(BEGUN + [("user", polite(question), None)], [fact["answer"]]) for question in fact["examined"]]
    by_noun = {slot.noun: slot for slot in writer.slots}
    for distance in range(4):
        for noun, choices in TRIED.items():
            slot, list_ = by_noun[noun], found.setdefault(f"recall {distance}", [])
            for _ in range(size // 4):
                value = random.choice(choices)
                told = [("user", tell(slot, value, random), None), ("assistant", random.choice(slot.noted).replace("{v}", value), None)]
                list_.append((BEGUN + told + fact_turns(distance) + [("user", ask(slot, random), None)], [reply.replace("{v}", value) for reply in slot.answer]))
    for _ in range(size):
        turns = fact_turns(random.choice([1, 2]))
        found.setdefault("again", []).append((BEGUN + turns + [("user", polite(random.choice(k.ASK_AGAIN)), None)], [k.AGAIN + turns[-1][1]]))
        found.setdefault("last", []).append((BEGUN + turns + [("user", polite(random.choice(k.ASK_LAST)), None)], [f'You said: "{turns[-2][1]}"']))
    found["outside"] = [(BEGUN + [("user", polite(question), None)], [*k.UNKNOWN, k.UNCLEAR]) for question in random.sample(writer.outside, size)]
    for list_ in found.values(): random.shuffle(list_)
    return {kind: list_ for kind, list_ in found.items() if list_}


@torch.no_grad()
def score(model, encoder, cases, most=200):
    """Share of cases of each kind whose reply is an expected one; for declines the first five tokens decide."""
    shares = {}
    for kind, list_ in cases.items():
        good = 0
        for messages, replies in list_[:most]:
            good += any(says(model, encoder, messages, reply, 5 if kind == "outside" else None) for reply in (replies if kind != "outside" else [replies[0], replies[-1]]))
        shares[kind] = good / max(1, len(list_[:most]))
    return shares


@torch.no_grad()
def logits_of(model, encoder, messages, reply, tokens=None):
    """What the model thinks of each token of a reply (of the first `tokens`), and the tokens."""
    prompt = encoder.prompt(messages)
    expected = (encoder.tokenizer.encode(reply).ids + [END])[:tokens]
    device = model.embedding.weight.device
    with quick(device.type):
        logits = model.logits(model.stream(torch.tensor([prompt + expected], device=device))[0, len(prompt) - 1:-1])
    return logits.float(), torch.tensor(expected, device=device)


def says(model, encoder, messages, reply, tokens=None):
    logits, expected = logits_of(model, encoder, messages, reply, tokens)
    return logits.argmax(-1).equal(expected)


def likelihood(model, encoder, messages, reply, tokens):
    """With which probability a reply begins with these tokens."""
    logits, expected = logits_of(model, encoder, messages, reply, tokens)
    return float(torch.log_softmax(logits, -1).gather(1, expected[:, None]).sum().exp())


def examine(writer, model, encoder):
    """Asks what the training has never shown, and gives (question, fact, whether the model is unsure that it is this one). Small talk has many right answers."""
    return [(question, fact, fact["file"] != "persona" and likelihood(model, encoder, BEGUN + [("user", question, None)], fact["answer"], BEGINNING) < SURE)
            for fact in writer.facts + writer.talk for question in fact["examined"]]
