"""Marvin's weights in PyTorch: the llama architecture, as llama.cpp runs it."""
import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F


@dataclasses.dataclass
class Shape:
    """Sizes of the model. `context` is the longest text that it is trained on, in tokens."""
    vocabulary: int = 2048
    width: int = 192
    layers: int = 6
    heads: int = 6
    hidden: int = 512
    context: int = 1024
    rope_base: float = 100_000.0
    epsilon: float = 1e-5

    @property
    def head_size(self):
        return self.width // self.heads


class Normed(torch.autograd.Function):
    """RMS norm in half of the time that PyTorch takes for it on a CPU, where it is ten operations and as many back."""

    @staticmethod
    def forward(context, x, weight, epsilon):
        inverse = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        normed = x * inverse
        context.save_for_backward(normed, weight, inverse)
        return normed * weight

    @staticmethod
    def backward(context, gradient):
        normed, weight, inverse = context.saved_tensors
        of_weight = gradient * normed
        along = (of_weight @ weight).div_(-normed.shape[-1]).unsqueeze(-1)
        return (gradient * weight).addcmul_(normed, along).mul_(inverse), of_weight.flatten(0, -2).sum(0), None


class Norm(nn.Module):
    """RMS norm."""

    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon) if x.is_cuda else Normed.apply(x, self.weight, self.epsilon)


def rotate(x, turns):
    """Rotary position embedding of (batch, length, heads, size) on neighbouring pairs of a head, as in llama.cpp: complex numbers that are turned."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns[:, None]).flatten(-2).to(x.dtype)


# Queries that are attended from at once, on a CPU: they see only keys up to their last, which spares most of what the causal mask hides.
ROWS = 96
# Up to this length that is quicker than PyTorch's own attention (in float32 by a seventh, in bfloat16 up to five times).
SHORT = 384


def attend(query, key, value):
    """Causal attention."""
    length = query.shape[2]
    if query.is_cuda: return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    if length > SHORT: return F.scaled_dot_product_attention(query.float(), key.float(), value.float(), is_causal=True).to(value.dtype)
    flat_query, flat_key, flat_value = (of_heads.flatten(0, 1) for of_heads in (query, key, value))
    seen = []
    for start in range(0, length, ROWS):
        end = min(length, start + ROWS)
        later = query.new_full((end - start, end), -1e4).triu(start + 1)
        scores = torch.baddbmm(later, flat_query[:, start:end], flat_key[:, :end].mT, alpha=1 / math.sqrt(query.shape[-1]))
        seen.append(torch.softmax(scores, -1) @ flat_value[:, :end])
    return torch.cat(seen, 1).view(query.shape)


class Block(nn.Module):
    """Attention and a gated feed-forward layer, each on the normed stream and added to it."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        width, hidden = shape.width, shape.hidden
        self.attention_norm, self.feed_norm = Norm(shape), Norm(shape)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, turns, wanted=None):
        """The stream after this block; of the `wanted` tokens (a mask) only, one after the other, if given."""
        batch, length, width = x.shape
        y = self.attention_norm(x)
        query, key, value = (layer(y).view(batch, length, self.shape.heads, -1) for layer in (self.query, self.key, self.value))
        y = attend(*(of_heads.transpose(1, 2) for of_heads in (rotate(query, turns), rotate(key, turns), value))).transpose(1, 2).reshape(batch, length, width)
        if wanted is not None: x, y = x[wanted], y[wanted]
        x = x + self.output(y)
        y = self.feed_norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Marvin(nn.Module):
    """Token ids to logits; the embedding is also the output layer."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape)
        speeds = 1 / shape.rope_base ** (torch.arange(0, shape.head_size, 2).float() / shape.head_size)
        angles = torch.arange(shape.context).float()[:, None] * speeds[None]
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles), persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim < 2: continue
            into_stream = name.endswith(("output.weight", "down.weight"))
            scale = 0.02 if "embedding" in name else 0.5 / math.sqrt(weight.shape[1]) / (math.sqrt(2 * shape.layers) if into_stream else 1)
            nn.init.normal_(weight, std=scale)

    def stream(self, ids, wanted=None):
        """What the output layer reads, for every token; or, one after the other, for those that are `wanted` (a mask), which spares the others most of the last layer."""
        x = self.embedding(ids)
        turns = self.turns[:ids.shape[1]]
        for block in self.blocks[:-1]: x = block(x, turns)
        x = self.blocks[-1](x, turns, wanted)
        return self.norm(x)

    def logits(self, stream):
        return stream @ self.embedding.weight.T

    def forward(self, ids):
        return self.logits(self.stream(ids))
