"""Reads a GGUF that export_gguf.py wrote, so that a training can go on from it: `train.py --from models/marvin-q8_0.gguf`."""
import gguf
import torch
from export_gguf import NAMES
from model import Shape
from tokenizer import SPECIAL, of_vocabulary


def load(path, folder):
    """The shape and the weights by our names. The tokenizer goes into the run's folder: the model knows no other."""
    reader = gguf.GGUFReader(path)
    field = {name: found.contents() for name, found in reader.fields.items()}
    shape = Shape(vocabulary=len(field["tokenizer.ggml.tokens"]), width=field["llama.embedding_length"], layers=field["llama.block_count"], heads=field["llama.attention.head_count"],
                  hidden=field["llama.feed_forward_length"], context=field["llama.context_length"])
    of_vocabulary(field["tokenizer.ggml.tokens"], field["tokenizer.ggml.merges"]).save(str(folder / "tokenizer.json"))
    stored = {tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
    weights = {"embedding.weight": stored["token_embd.weight"], "norm.weight": stored["output_norm.weight"]}
    for block in range(shape.layers):
        for ours, theirs in NAMES.items(): weights[f"blocks.{block}.{ours}"] = stored[f"blk.{block}.{theirs}.weight"]
    return shape, {name: torch.tensor(weight) for name, weight in weights.items()}
