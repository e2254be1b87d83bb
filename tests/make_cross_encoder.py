"""A real BERT cross-encoder of two small layers with random weights, in the layout of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


def make_cross_encoder(
    directory: Path, labels: Mapping[int, str] | None = None, bias: Sequence[float] = (0.0,)
) -> Path:
    """Write the model to the existing `directory` and return it. There is one output for each entry of `bias`, which is added to
    it; `labels` name the outputs, if any."""
    transformers = pytest.importorskip("transformers")
    import torch
    from tokenizers import BertWordPieceTokenizer

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz0123456789.?"]
    vocabulary += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
    vocabulary += ["days", "leave", "pump", "employee"]
    (directory / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(0)
    configuration = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128, num_labels=len(bias),
    )  # fmt: skip
    if labels:
        configuration.id2label, configuration.label2id = dict(labels), {name: i for i, name in labels.items()}
    model = transformers.BertForSequenceClassification(configuration)
    model.classifier.bias.data = torch.tensor(bias)
    model.save_pretrained(directory)
    tokenizer = BertWordPieceTokenizer(str(directory / "vocab.txt"))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer._tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=128,
    ).save_pretrained(directory)  # fmt: skip
    return directory
