"""One step's gradient on several processor cores: each takes the next small part of the batch when it is free.

PyTorch's own threads share every operation and wait for each other at its end; when other programs need the processors,
that waiting costs more than half of the time. Threads of ours would wait for Python's lock: two did 5,100 tokens/s on two cores
where two processes do more. So there are processes, with the weights in memory that all of them see; nobody waits before the end of the step.
"""
import signal

import torch
from precision import decide, quick, quick_dtype
from torch import multiprocessing
from torch.nn import functional

# The logits are held near log probabilities: then a repeat penalty cannot harm what is certain.
Z_LOSS = 3e-3
# Tokens of a part.
PART = 1024


def part_loss(model, ids, weights, total, count):
    """This part's share of the batch's loss, and the sum and number of the plain losses of what Marvin says."""
    chosen, targets = weights[:, 1:] > 0, ids[:, 1:]
    with quick(ids.device.type):
        logits = model.logits(model.stream(ids, functional.pad(chosen, (0, 1))))
    logits = logits.float()
    normal = torch.logsumexp(logits, -1)
    losses = normal - logits.gather(1, targets[chosen][:, None])[:, 0]
    weight = weights[:, 1:][chosen]
    said = losses.detach()[weight >= 1]
    return (losses * weight).sum() / total + Z_LOSS * normal.square().sum() / count, float(said.sum()), said.numel()


def take_parts(model, ids, weights, rows, taken):
    """Adds to the model's gradient what parts of `rows` rows give, as long as there are any; `taken` counts those that somebody has begun."""
    total, count = float(weights[:, 1:].sum()), int((weights[:, 1:] > 0).sum())
    model.zero_grad(set_to_none=True)
    said = number = 0
    while True:
        with taken.get_lock():
            start = taken.value * rows
            taken.value += 1
        if start >= len(ids): return said, number
        loss, part_said, part_number = part_loss(model, ids[start:start + rows], weights[start:start + rows], total, count)
        loss.backward()
        said, number = said + part_said, number + part_number


def help_along(pipe, taken, model, gradients, dtype):
    """What a helping process does until the other end of its pipe is gone; in the precision of the others."""
    decide(dtype)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    try:
        while True:
            ids, weights, rows = pipe.recv()
            found = take_parts(model, torch.from_numpy(ids), torch.from_numpy(weights), rows, taken)
            for weight, gradient in zip(model.parameters(), gradients): gradient.zero_() if weight.grad is None else gradient.copy_(weight.grad)
            pipe.send(found)
    except (EOFError, OSError): pass


class Workers:
    """`gradient(ids, weights)` leaves the gradient in the model and returns the mean loss of what Marvin says. A GPU needs no helpers."""

    def __init__(self, model, processes):
        self.model, self.helpers = model, []
        self.on_gpu = model.embedding.weight.device.type != "cpu"
        start = multiprocessing.get_context("spawn")
        self.taken = start.Value("i", 0)
        if self.on_gpu: return
        model.share_memory()
        for _ in range(processes - 1):
            ours, theirs = start.Pipe()
            gradients = [torch.zeros_like(weight).share_memory_() for weight in model.parameters()]
            start.Process(target=help_along, args=(theirs, self.taken, model, gradients, quick_dtype("cpu")), daemon=True).start()
            theirs.close()
            self.helpers.append((ours, gradients))

    def gradient(self, ids, weights):
        rows = len(ids) if self.on_gpu else max(1, PART // ids.shape[1])
        self.taken.value = 0
        for pipe, _ in self.helpers: pipe.send((ids.numpy(), weights.numpy(), rows))
        said, number = take_parts(self.model, ids, weights, rows, self.taken)
        for pipe, gradients in self.helpers:
            their_said, their_number = pipe.recv()
            said, number = said + their_said, number + their_number
            for weight, gradient in zip(self.model.parameters(), gradients): weight.grad = gradient.clone() if weight.grad is None else weight.grad.add_(gradient)
        return said / max(1, number)
