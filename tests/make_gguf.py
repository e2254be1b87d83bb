"""Writes GGUF files that llama.cpp really runs: llama architecture, a vocabulary of words over bytes.

`write_tiny_gguf` has random weights: what it says is noise, what is exercised is loading, tokenising and decoding. The
weights of `tests/fixtures/copier.gguf` were trained (`python -m tests.copier.train`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PLAIN = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]


@dataclass(frozen=True)
class Shape:
    width: int = 32
    heads: int = 2
    hidden: int = 64
    layers: int = 1
    context: int = 4096
    rope_base: float = 10000.0


def vocabulary(words: Sequence[str]) -> tuple[list[bytes], list[float], list[int]]:
    """Tokens, scores and types: control tokens, 256 bytes, characters, then every prefix of a word with its leading space.

    Longer prefixes score higher, so that the merging of SentencePiece arrives at whole words.
    """
    characters = sorted({c for word in words for c in word} | set("[].,:;?()0123456789") | {"▁"})
    prefixes = {f"▁{word}"[:length] for word in words for length in range(2, len(word) + 2)}
    prefixes |= {f"▁{digit}" for digit in "0123456789"} | {"▁["}
    ordered = sorted(prefixes - set(characters), key=lambda piece: (len(piece), piece))
    tokens = [s.encode() for s in SPECIAL] + [f"<0x{byte:02X}>".encode() for byte in range(256)]
    tokens += [piece.encode() for piece in [*characters, *ordered]]
    scores = [0.0] * (len(SPECIAL) + 256) + [-1000.0] * len(characters) + [float(len(piece)) for piece in ordered]
    control, byte, normal = gguf.TokenType.CONTROL, gguf.TokenType.BYTE, gguf.TokenType.NORMAL
    kinds = [gguf.TokenType.UNKNOWN, *[control] * (len(SPECIAL) - 1), *[byte] * 256]
    kinds += [normal] * (len(characters) + len(ordered))
    return tokens, scores, [int(kind) for kind in kinds]


def write_gguf(
    path: Path,
    shape: Shape,
    words: Sequence[str],
    tensors: Mapping[str, np.ndarray],
    *,
    template: str = CHATML,
    quantised: bool = False,
) -> Path:
    """Write a model of `tensors`, named as in llama.cpp; matrices [out, in]. `quantised` stores matrices as Q8_0."""
    tokens, scores, kinds = vocabulary(words)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(path.stem)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if quantised else gguf.LlamaFileType.ALL_F32)
    if template:
        writer.add_chat_template(template)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(True)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(4 if template == CHATML else 2)
    writer.add_unk_token_id(0)
    for name, values in tensors.items():
        if quantised and values.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values.astype(np.float32), kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_tiny_gguf(path: Path, *, seed: int = 0, template: str = PLAIN) -> Path:
    """Random weights, bytes only; the same seed gives the same file."""
    random = np.random.default_rng(seed)
    shape = Shape()
    size = len(vocabulary([])[0])

    def matrix(*size: int) -> np.ndarray:
        return random.standard_normal(size) * 0.3

    tensors = {"token_embd.weight": matrix(size, shape.width), "output.weight": matrix(size, shape.width)}
    tensors["output_norm.weight"] = np.ones(shape.width)
    for layer in range(shape.layers):
        prefix = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"{prefix}{name}.weight"] = np.ones(shape.width)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensors[f"{prefix}{name}.weight"] = matrix(shape.width, shape.width)
        tensors[f"{prefix}ffn_gate.weight"] = matrix(shape.hidden, shape.width)
        tensors[f"{prefix}ffn_up.weight"] = matrix(shape.hidden, shape.width)
        tensors[f"{prefix}ffn_down.weight"] = matrix(shape.width, shape.hidden)
    return write_gguf(path, shape, [], tensors, template=template)
