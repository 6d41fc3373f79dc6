"""Muon for the matrices, AdamW for embedding and norms (Keller Jordan, "Muon: an optimizer for hidden layers", 2024)."""
from concurrent.futures import ThreadPoolExecutor

import torch
from precision import quick_dtype


class MuonAndAdam:
    """Muon's update is the momentum with all its singular values made about 1, so that every direction learns."""

    def __init__(self, model, muon_rate=0.013, adam_rate=3.5e-3, momentum=0.95, decay=0.01, threads=1):
        matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embedding" not in name]
        self.rest = [weight for name, weight in model.named_parameters() if weight.ndim < 2 or "embedding" in name]
        self.adam = torch.optim.AdamW(self.rest, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0)
        self.muon_rate, self.adam_rate, self.momentum, self.decay = muon_rate, adam_rate, momentum, decay
        self.threads, self.pool = threads, ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        # Matrices of one size are updated together.
        self.groups = {}
        for weight in matrices: self.groups.setdefault(tuple(weight.shape), []).append(weight)
        self.buffers = {size: torch.zeros(len(weights), *size, device=weights[0].device) for size, weights in self.groups.items()}

    def step(self, factor):
        """One update; `factor` scales the learning rates."""
        torch.nn.utils.clip_grad_norm_(self.rest, 1.0)
        for group in self.adam.param_groups: group["lr"] = self.adam_rate * factor
        self.adam.step()
        for size, weights in self.groups.items(): self._muon(size, weights, self.muon_rate * factor)

    @torch.no_grad()
    def _muon(self, size, weights, rate):
        gradient, buffer = torch.stack([weight.grad for weight in weights]), self.buffers[size]
        buffer.lerp_(gradient, 1 - self.momentum)
        update = self._orthogonal(gradient.lerp(buffer, self.momentum)) * max(1, size[0] / size[1]) ** 0.5
        for weight, change in zip(weights, update):
            weight.mul_(1 - rate * self.decay)
            weight.add_(change, alpha=-rate)

    def _orthogonal(self, stack):
        """A share of the matrices for each thread."""
        return torch.cat(list(self.pool.map(orthogonal, stack.chunk(self.threads))))

    def state(self):
        return {"adam": self.adam.state_dict(), "muon": list(self.buffers.values())}

    def load(self, state):
        self.adam.load_state_dict(state["adam"])
        for buffer, saved in zip(self.buffers.values(), state["muon"]): buffer.copy_(saved)


def orthogonal(x):
    """Five Newton-Schulz steps towards the nearest orthogonal matrix."""
    wide = x.mT if x.shape[-2] > x.shape[-1] else x
    wide = (wide / (wide.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(quick_dtype(x.device.type))
    for _ in range(5):
        square = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(square, square, square, beta=-4.7750, alpha=2.0315), wide, beta=3.4445)
    wide = wide.float()
    return wide.mT if x.shape[-2] > x.shape[-1] else wide
