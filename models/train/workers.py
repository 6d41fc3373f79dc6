"""One step's gradient on several CPU threads: each takes the next small part of the batch when it is free.

PyTorch's own threads share every operation and wait for each other at its end; when other programs need the processors,
that waiting costs more than half of the time. Here nobody waits before the end of the step.
"""
import copy
import queue
import threading

import torch
from precision import quick

# The logits are held near log probabilities: then a repeat penalty cannot harm what is certain.
Z_LOSS = 3e-3


def part_loss(model, ids, weights, total, count):
    """This part's share of the batch's loss, and the sum and number of the plain losses of what Marvin says."""
    chosen, targets = weights[:, 1:] > 0, ids[:, 1:]
    with quick(ids.device.type):
        logits = model.logits(model.stream(ids)[:, :-1][chosen])
    logits = logits.float()
    normal = torch.logsumexp(logits, -1)
    losses = normal - logits.gather(1, targets[chosen][:, None])[:, 0]
    weight = weights[:, 1:][chosen]
    said = losses.detach()[weight >= 1]
    return (losses * weight).sum() / total + Z_LOSS * normal.square().sum() / count, float(said.sum()), said.numel()


class Workers:
    """`gradient(ids, weights)` leaves the gradient in the model and returns the mean loss of what Marvin says."""

    def __init__(self, model, threads, part=1024):
        self.model, self.part = model, part
        self.on_gpu = model.embedding.weight.device.type != "cpu"
        self.replicas = [model] + [self._replica() for _ in range(0 if self.on_gpu else threads - 1)]

    def _replica(self):
        """A model with the same weights in the same memory, and gradients of its own."""
        replica = copy.deepcopy(self.model)
        for own, shared in zip(replica.parameters(), self.model.parameters()): own.data = shared.data
        return replica

    def gradient(self, ids, weights):
        counted = weights[:, 1:]
        total, count = float(counted.sum()), int((counted > 0).sum())
        rows = len(ids) if self.on_gpu else max(1, self.part // ids.shape[1])
        parts = queue.SimpleQueue()
        for row in range(0, len(ids), rows): parts.put((ids[row:row + rows], weights[row:row + rows]))
        found, failed = [], []

        def work(model):
            torch.set_num_threads(1)
            try:
                while True:
                    part = parts.get_nowait()
                    loss, said, number = part_loss(model, *part, total, count)
                    loss.backward()
                    found.append((said, number))
            except queue.Empty: pass
            except BaseException as error: failed.append(error)

        for replica in self.replicas: replica.zero_grad(set_to_none=True)
        threads = [threading.Thread(target=work, args=(replica,)) for replica in self.replicas[1:]]
        for thread in threads: thread.start()
        work(self.model)
        for thread in threads: thread.join()
        if failed: raise failed[0]
        for replica in self.replicas[1:]: self._add(replica)
        return sum(said for said, _ in found) / max(1, sum(number for _, number in found))

    def _add(self, replica):
        for whole, own in zip(self.model.parameters(), replica.parameters()):
            if own.grad is None: continue
            if whole.grad is None: whole.grad = own.grad
            else: whole.grad += own.grad
