"""Weights to begin with, such that the model can already look up what followed a word before.

Copying rests on two layers: the first notes at every token which token stood before it, the second looks for the place where
the current token was noted, and reads what stands there (Olsson et al., "In-context learning and induction heads", 2022).
A model this small finds that by itself only after more than a million tokens, or never; here one head of each of the first two layers begins with it.
"""
import torch

# Value of the first column of the embedding, the same for every token, against 0.02 of the others: what a head can attend by position with.
CONSTANT = 0.1
# Of the head that attends to the token before: its fastest pairs, and their strength; it then has 0.9 of the attention.
PAIRS, STRENGTH = 4, 1.6
# How strongly the note goes into the stream, and how strongly the second head asks for it.
NOTE, GAIN = 0.04, 1.5


@torch.no_grad()
def begin_with_induction(model):
    """Sets the first head of the first two layers; call it before training."""
    shape, head = model.shape, slice(0, model.shape.head_size)
    first, second = model.blocks[0], model.blocks[1]
    model.embedding.weight[:, 0] = CONSTANT
    note_of = torch.linalg.qr(torch.randn(shape.width, shape.head_size))[0]
    note_of[0] = 0
    place = torch.linalg.qr(torch.randn(shape.width, shape.head_size))[0]
    place[0] = 0
    attend_to_previous(first, shape)
    first.value.weight[head] = note_of.T
    first.output.weight[:, head] = place * NOTE
    for weight, wanted in ((second.query.weight, note_of), (second.key.weight, place)):
        weight[head] = 0
        # Position hardly turns the last pairs of a head: they can compare content over a distance.
        slow = shape.head_size // 2
        weight[slow:2 * slow] = wanted[:, :slow].T * GAIN


def attend_to_previous(block, shape):
    """Queries and keys that match best when the key is one token earlier."""
    turn = 1 / shape.rope_base ** (torch.arange(0, shape.head_size, 2).float() / shape.head_size)[:PAIRS]
    for weight in (block.query.weight, block.key.weight):
        weight[:shape.head_size] *= 0.3
        weight[:shape.head_size, 0] = 0
    block.query.weight[:2 * PAIRS:2, 0] = STRENGTH
    block.key.weight[:2 * PAIRS:2, 0] = STRENGTH * turn.cos()
    block.key.weight[1:2 * PAIRS:2, 0] = STRENGTH * turn.sin()
