"""In which precision this machine multiplies matrices sooner: bfloat16 is ten times slower than float32 on a processor that only emulates it."""
import contextlib
import time

import torch


_decided = None


def decide(dtype):
    """Takes another process's word for what is quick here: measured beside its work, it may look otherwise."""
    global _decided
    _decided = dtype


def quick_dtype(device):
    """torch.bfloat16 on a GPU, and on a CPU that is measured to be quicker with it; else torch.float32."""
    if device != "cpu": return torch.bfloat16
    if _decided is None: decide(_quickest((torch.float32, torch.bfloat16)))
    return _decided


def quick(device):
    """A context in which the model's matrices are multiplied in that precision."""
    dtype = quick_dtype(device)
    return contextlib.nullcontext() if dtype == torch.float32 else torch.autocast(device, dtype)


def _quickest(dtypes):
    """By the best of many products in turn: a moment in which the machine did something else must not decide for an hour and a half."""
    pairs = [(dtype, torch.randn(1024, 256, dtype=dtype), torch.randn(256, 512, dtype=dtype)) for dtype in dtypes]
    best = dict.fromkeys(dtypes, float("inf"))
    for _ in range(60):
        for dtype, x, weights in pairs:
            started = time.perf_counter()
            x @ weights
            best[dtype] = min(best[dtype], time.perf_counter() - started)
    return min(best, key=best.get)
