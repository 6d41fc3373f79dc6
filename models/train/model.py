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


class Norm(nn.Module):
    """RMS norm."""

    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


def rotate(x, cos, sin):
    """Rotary position embedding on halves of a head, as in Hugging Face's llama (llama.cpp's on pairs: the export permutes)."""
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin


def attend(query, key, value):
    """Causal attention. In bfloat16 on a CPU PyTorch's own is up to five times slower for short texts, so there it is written out; else it is the quicker one."""
    length = query.shape[2]
    if query.device.type != "cpu" or query.dtype == torch.float32: return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    if length > 384: return F.scaled_dot_product_attention(query.float(), key.float(), value.float(), is_causal=True).to(value.dtype)
    later = torch.full((length, length), -1e4, dtype=query.dtype).triu(1)
    return torch.softmax((query / math.sqrt(query.shape[-1])) @ key.mT + later, -1) @ value


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

    def forward(self, x, cos, sin, wanted=None):
        """The stream after this block; of the `wanted` tokens (a mask) only, one after the other, if given."""
        batch, length, width = x.shape
        y = self.attention_norm(x)
        query, key, value = (layer(y).view(batch, length, self.shape.heads, -1).transpose(1, 2) for layer in (self.query, self.key, self.value))
        cos, sin = cos.to(query.dtype), sin.to(query.dtype)
        y = attend(rotate(query, cos, sin), rotate(key, cos, sin), value).transpose(1, 2).reshape(batch, length, width)
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
        self.register_buffer("cos", torch.cat([angles, angles], -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat([angles, angles], -1).sin(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim < 2: continue
            into_stream = name.endswith(("output.weight", "down.weight"))
            scale = 0.02 if "embedding" in name else 0.5 / math.sqrt(weight.shape[1]) / (math.sqrt(2 * shape.layers) if into_stream else 1)
            nn.init.normal_(weight, std=scale)

    def stream(self, ids, wanted=None):
        """What the output layer reads, for every token; or, one after the other, for those that are `wanted` (a mask), which spares the others most of the last layer."""
        x = self.embedding(ids)
        cos, sin = self.cos[:ids.shape[1]].to(x.dtype), self.sin[:ids.shape[1]].to(x.dtype)
        for block in self.blocks[:-1]: x = block(x, cos, sin)
        x = self.blocks[-1](x, cos, sin, wanted)
        return self.norm(x)

    def logits(self, stream):
        return stream @ self.embedding.weight.T

    def forward(self, ids):
        return self.logits(self.stream(ids))
