"""Trains Marvin from nothing: `python models/train/train.py`. Stop it whenever you like; the same command goes on.

When facts or questions were added, `--from models/marvin-q8_0.gguf --tokens 12e6` trains the model that is there on, in less than half of the time.

Everything lands in .state/train/<run>: tokenizer, checkpoint, log, curves. The same seed and sizes give the same data.
"""
import argparse
import json
import pathlib
import time
from dataclasses import replace

import torch
from batches import Encoder, batches, chunk
from curves import draw
from dialogues import Mix, Writer
from export_gguf import round_weights
from import_gguf import load
from induction import begin_with_induction
from model import Marvin, Shape
from optimizer import MuonAndAdam
from precision import quick_dtype
from tokenizer import open_tokenizer
from trials import cases, examine, score
from workers import Workers

CHUNK = 1000  # dialogues
# Share of the plan at which a training begins that goes on from a model: all is in it from there on, and the rates still have to fall.
MIDDLE = 0.45


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--run", default="marvin", help="name of the folder under .state/train")
    parser.add_argument("--tokens", type=float, default=27.5e6, help="tokens to train on")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=2048)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=4096, help="tokens of a step")
    parser.add_argument("--processes", type=int, default=2, help="processor cores to use")
    parser.add_argument("--from", dest="source", type=pathlib.Path, help="begin with this GGUF's weights, in the middle of the plan")
    parser.add_argument("--stage", type=float, default=0, help="train on what the plan has at this share of the training (0: as it goes)")
    parser.add_argument("--examined", type=float, default=0, help="share of the examination's questions among those about facts (0: the plan's): more of them, more doubt")
    parser.add_argument("--trials", type=float, default=0.1, help="share of the training between two trials")
    return parser.parse_args()


def plan(progress):
    """What is trained on at a point of the training: saying words back first, then all of it in short dialogues, many of them mere questions, then in long ones."""
    if progress < 0.018: return Mix(limit=192, bare=1.0, long=0.0, drills=1.0, echo=0.7)
    if progress < 0.042: return Mix(limit=256, bare=0.5, long=0.0, drills=0.7, echo=0.4, quiz=0.2)
    if progress < 0.12: return Mix(limit=384, bare=0.4, long=0.0, drills=0.3, echo=0.3, quiz=0.5, own=0.5)
    if progress < 0.2: return Mix(limit=384, bare=0.4, long=0.0, drills=0.35, echo=0.2, quiz=0.6, own=0.5)
    last = Mix(bare=0.4, long=0.02, echo=0.15, quiz=0.6, drills=0.2)
    if progress < 0.34: return replace(last, own=0.5, drills=0.25)
    if progress < EXAMINED_AT: return replace(last, told=0.12, recap=2.0)
    return replace(last, bare=0.15, quiz=0.65, drills=0.3, told=0.1, recap=2.0, copied=5.0, examined=0.5)


# Shares of the training, and the factor of the learning rates there; straight lines between. Most is learnt while they fall: at the full rate the steps are mostly noise.
RATES = [(0.0, 1.0), (0.15, 1.0), (0.4, 0.35), (0.82, 0.02), (0.82, 0.15), (1.0, 0.0)]
# Share of the training at which the model is examined on questions that it has not seen: where it is unsure, it then learns to say so. It is late: doubt of a half-taught model is noise.
EXAMINED_AT = 0.82


def rate(progress, step):
    """Factor of the learning rates: a short rise, then by RATES."""
    at = max(index for index, (share, _) in enumerate(RATES[:-1]) if progress >= share)
    (start, high), (end, low) = RATES[at:at + 2]
    return min(1, (step + 1) / 50) * max(0.01, high + (low - high) * (min(1, progress) - start) / (end - start))


def new_model(chosen, folder):
    """A model to train, and the share of the plan at which that begins."""
    if chosen.source:
        shape, weights = load(chosen.source, folder)
        model = Marvin(shape)
        model.load_state_dict(weights)
        return model, MIDDLE
    model = Marvin(Shape(chosen.vocabulary, chosen.width, chosen.layers, chosen.heads, chosen.hidden, chosen.context))
    begin_with_induction(model)
    return model, 0.0


def main():
    chosen = options()
    folder = pathlib.Path(".state/train") / chosen.run
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    model, begun = new_model(chosen, folder)
    model = model.to(device)
    writer, encoder = Writer(), Encoder(open_tokenizer(folder, model.shape.vocabulary))
    optimizer = MuonAndAdam(model, threads=chosen.processes)
    state = {"index": 0, "step": 0, "tokens": 0, "seconds": 0.0, "tried": 0.0, "examined": [], "begun": begun}
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        optimizer.load(saved["optimizer"])
        state = saved["state"]
        print(f"goes on at step {state['step']}")

    def progress():
        return state["begun"] + (1 - state["begun"]) * state["tokens"] / chosen.tokens

    print(f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.2f} M parameters, {len(writer.facts)} facts, {device} in {str(quick_dtype(device.type))[6:]}", flush=True)
    tests = cases(writer)
    known = {fact["id"]: fact for fact in writer.facts + writer.talk}
    workers = Workers(model, chosen.processes)
    average = None
    while state["tokens"] < chosen.tokens:
        if not writer.examined and progress() >= EXAMINED_AT:
            state["examined"] = state["examined"] or [(question, fact["id"], unsure) for question, fact, unsure in examine(writer, model, encoder)]
            writer.examined = [(question, known[name], unsure) for question, name, unsure in state["examined"]]
            print(f"examined: unsure about {sum(unsure for *_, unsure in writer.examined)} of {len(writer.examined)} questions", flush=True)
            tests.pop("apart")
        mix = plan(chosen.stage or progress())
        if chosen.examined: mix = replace(mix, examined=chosen.examined)
        samples, random = chunk(writer, encoder, seed=chosen.seed, index=state["index"], size=CHUNK, mix=mix)
        started = time.monotonic()
        for ids, weights in batches(samples, chosen.batch, random):
            ids, weights = ids.to(device), weights.to(device)
            said = workers.gradient(ids, weights)
            optimizer.step(rate(progress(), state["step"]))
            state["step"] += 1
            state["tokens"] += ids.numel()
            average = said if average is None else 0.98 * average + 0.02 * said
        state["seconds"] += time.monotonic() - started
        state["index"] += 1
        if state["tokens"] >= chosen.tokens: round_weights(model)
        entry = {"step": state["step"], "tokens": state["tokens"], "seconds": round(state["seconds"]), "loss": round(average, 4)}
        if state["tokens"] - state["tried"] > chosen.trials * chosen.tokens or state["tokens"] >= chosen.tokens:
            state["tried"] = state["tokens"]
            entry["trials"] = {kind: round(share, 3) for kind, share in score(model, encoder, tests, most=40).items()}
        save(checkpoint, {"model": model.state_dict(), "optimizer": optimizer.state(), "state": state, "shape": vars(model.shape)})
        report(folder, entry, state["tokens"] / chosen.tokens)
    draw(folder)


def save(path, content):
    """Nobody ever finds half a checkpoint."""
    torch.save(content, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def report(folder, entry, progress):
    with open(folder / "log.jsonl", "a", encoding="utf-8") as log: log.write(json.dumps(entry) + "\n")
    speed = entry["tokens"] / max(1, entry["seconds"])
    print(f"{progress:6.1%}  step {entry['step']}  {entry['tokens'] / 1e6:.2f} M tokens  {speed:.0f}/s  loss {entry['loss']:.3f}  "
          + "  ".join(f"{kind} {share:.0%}" for kind, share in entry.get("trials", {}).items()), flush=True)
    draw(folder)


if __name__ == "__main__":
    main()
