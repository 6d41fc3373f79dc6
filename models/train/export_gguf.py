"""Writes a checkpoint as GGUF: architecture llama, tokenizer, chat template, our metadata.

    python models/train/export_gguf.py .state/train/marvin .state/train/marvin.gguf [--type q8_0]
"""
import argparse
import hashlib
import json
import pathlib

import gguf
import numpy
import torch
from tokenizer import BEGIN, END, SPECIAL, TEMPLATE, open_tokenizer

VERSION = "1.6"
TYPES = {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
Q8_0 = gguf.GGMLQuantizationType.Q8_0
# Our names of a block's weights, and llama.cpp's.
NAMES = {
    "attention_norm.weight": "attn_norm", "feed_norm.weight": "ffn_norm", "query.weight": "attn_q", "key.weight": "attn_k", "value.weight": "attn_v",
    "output.weight": "attn_output", "gate.weight": "ffn_gate", "up.weight": "ffn_up", "down.weight": "ffn_down",
}


def export(folder, target, kind="q8_0"):
    """The checkpoint of a training run as one file. `kind` is f32, f16 or q8_0."""
    saved = torch.load(folder / "checkpoint.pt", map_location="cpu")
    weights = {name: weight.float().numpy() for name, weight in saved["model"].items()}
    writer = gguf.GGUFWriter(str(target.with_suffix(".part")), "llama")
    describe(writer, saved["shape"], kind)
    add_tokenizer(writer, open_tokenizer(folder))
    add(writer, "token_embd.weight", weights["embedding.weight"], kind)
    add(writer, "output_norm.weight", weights["norm.weight"], kind)
    for block in range(saved["shape"]["layers"]):
        for ours, theirs in NAMES.items(): add(writer, f"blk.{block}.{theirs}.weight", weights[f"blocks.{block}.{ours}"], kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    target.with_suffix(".part").replace(target)


def describe(writer, shape, kind):
    writer.add_name("Marvin")
    writer.add_version(VERSION)
    writer.add_author("the kafka-llm-chat authors")
    writer.add_license("MIT")
    writer.add_description("A tiny chat model in the persona of Marvin the Paranoid Android; knows Kafka, llama.cpp, LangChain and kafka-llm-chat")
    writer.add_languages(["en"])
    writer.add_block_count(shape["layers"])
    writer.add_context_length(shape["context"])
    writer.add_embedding_length(shape["width"])
    writer.add_feed_forward_length(shape["hidden"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["heads"])
    writer.add_layer_norm_rms_eps(shape["epsilon"])
    writer.add_rope_dimension_count(shape["width"] // shape["heads"])
    writer.add_rope_freq_base(shape["rope_base"])
    writer.add_vocab_size(shape["vocabulary"])
    writer.add_file_type(TYPES[kind])


def add_tokenizer(writer, tokenizer):
    """Byte-level BPE like GPT-2's. A reply ends at <|im_end|>; a text begins with <|endoftext|>, as in training."""
    size = tokenizer.get_vocab_size()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([tokenizer.id_to_token(at) for at in range(size)])
    writer.add_token_types([gguf.TokenType.CONTROL if at < len(SPECIAL) else gguf.TokenType.NORMAL for at in range(size)])
    writer.add_token_merges(merges(tokenizer))
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_eot_token_id(END)
    writer.add_pad_token_id(BEGIN)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)


def merges(tokenizer):
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]


def add(writer, name, weight, kind):
    if weight.ndim == 1 or kind == "f32": writer.add_tensor(name, weight.astype(numpy.float32))
    elif kind == "f16": writer.add_tensor(name, weight.astype(numpy.float16))
    else: writer.add_tensor(name, gguf.quants.quantize(weight.astype(numpy.float32), Q8_0), raw_dtype=Q8_0)


@torch.no_grad()
def round_weights(model):
    """Rounds a model's weights to the numbers that a GGUF of type q8_0 holds, so that the file loses nothing."""
    for weight in model.parameters():
        if weight.ndim == 1: continue
        blocks = gguf.quants.quantize(weight.float().cpu().numpy(), Q8_0)
        weight.copy_(torch.from_numpy(gguf.quants.dequantize(blocks, Q8_0)))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("target", type=pathlib.Path)
    arguments.add_argument("--type", choices=TYPES, default="q8_0")
    chosen = arguments.parse_args()
    export(chosen.folder, chosen.target, chosen.type)
    content = chosen.target.read_bytes()
    print(f"{chosen.target}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
