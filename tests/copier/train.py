"""Trains the copying model and writes tests/fixtures/copier.gguf. Took 38 minutes on two cores beside other work.

python -m tests.copier.train [STEPS]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tests.copier.language import make_example, words
from tests.make_gguf import Shape, vocabulary, write_gguf

SHAPE = Shape(width=128, heads=4, hidden=256, layers=3, rope_base=1e7)  # slow rotation: content is matched from afar
TARGET = Path(__file__).resolve().parents[1] / "fixtures" / "copier.gguf"
END = 4  # <|im_end|>


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attn_norm, self.ffn_norm = nn.RMSNorm(SHAPE.width, 1e-5), nn.RMSNorm(SHAPE.width, 1e-5)
        self.attn_q = nn.Linear(SHAPE.width, SHAPE.width, bias=False)
        self.attn_k = nn.Linear(SHAPE.width, SHAPE.width, bias=False)
        self.attn_v = nn.Linear(SHAPE.width, SHAPE.width, bias=False)
        self.attn_output = nn.Linear(SHAPE.width, SHAPE.width, bias=False)
        self.ffn_gate = nn.Linear(SHAPE.width, SHAPE.hidden, bias=False)
        self.ffn_up = nn.Linear(SHAPE.width, SHAPE.hidden, bias=False)
        self.ffn_down = nn.Linear(SHAPE.hidden, SHAPE.width, bias=False)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        h = self.attn_norm(x)

        def heads(linear: nn.Linear) -> torch.Tensor:
            return linear(h).view(batch, length, SHAPE.heads, -1).transpose(1, 2)

        q, k = rotate(heads(self.attn_q), cos, sin), rotate(heads(self.attn_k), cos, sin)
        mixed = functional.scaled_dot_product_attention(q, k, heads(self.attn_v), is_causal=True)
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, width))
        h = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(h)) * self.ffn_up(h))


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary positions over neighbouring pairs, as llama.cpp has them."""
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class Copier(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.token_embd = nn.Embedding(size, SHAPE.width)
        nn.init.normal_(self.token_embd.weight, std=0.1)
        self.blk = nn.ModuleList(Block() for _ in range(SHAPE.layers))
        self.output_norm = nn.RMSNorm(SHAPE.width, 1e-5)

    def forward(self, tokens: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Logits at the positions where `wanted` is true."""
        per_head = SHAPE.width // SHAPE.heads
        rates = SHAPE.rope_base ** (-torch.arange(0, per_head, 2) / per_head)
        angles = torch.arange(tokens.shape[1])[:, None] * rates[None]
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, angles.cos(), angles.sin())
        return self.output_norm(x[wanted]) @ self.token_embd.weight.T


class Lessons:
    """What the model is shown: tokens, and targets where it should have known."""

    def __init__(self) -> None:
        from llama_cpp import Llama

        self.size = len(vocabulary(words())[0])
        self._dice, self._numbers = random.Random(0), np.random.default_rng(0)
        with tempfile.TemporaryDirectory() as folder:
            nothing = {"token_embd.weight": np.zeros((self.size, SHAPE.width))}
            path = write_gguf(Path(folder) / "vocabulary.gguf", SHAPE, words(), nothing)
            self._tokenizer = Llama(str(path), vocab_only=True, verbose=False)

    def repeats(self, size: int, things: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random words, then a piece of them again: the habit of copying begins here."""
        once = torch.from_numpy(self._numbers.integers(261, self.size, (size, 8 * things)))
        starts = self._numbers.integers(0, 4 * things, size)
        again = torch.stack([row[start : start + 4 * things] for row, start in zip(once, starts, strict=True)])
        tokens = torch.cat((once, again), dim=1)
        targets = torch.full_like(tokens, -100)
        targets[:, 8 * things + 1 : -1] = tokens[:, 8 * things + 2 :]
        return tokens, targets

    def answers(self, size: int, things: int, *, system: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Prompts and replies; `system` says whether the fixed text before every prompt is shown too."""
        rows = [self._row(things, system=system) for _ in range(size)]
        length = max(len(asked) + len(reply) for asked, reply in rows)
        tokens, targets = torch.full((size, length), END), torch.full((size, length), -100)
        for i, (asked, reply) in enumerate(rows):
            tokens[i, : len(asked) + len(reply)] = torch.tensor(asked + reply)
            targets[i, len(asked) - 1 : len(asked) + len(reply) - 1] = torch.tensor(reply)
        return tokens, targets

    def _row(self, things: int, *, system: bool) -> tuple[list[int], list[int]]:
        prompt, reply = make_example(self._dice, things)
        begin = [1, 3, *self._plain(f"system\n{prompt.system}"), 4, *self._plain("\n")] if system else []
        asked = [3, *self._plain(f"user\n{prompt.user}"), 4, *self._plain("\n"), 3, *self._plain("assistant\n")]
        return begin + asked, [*self._plain(reply), END]

    def _plain(self, text: str) -> list[int]:
        return list(self._tokenizer.tokenize(text.encode(), add_bos=False, special=False))


def learn(
    model: Copier, name: str, steps: int, rate: float, lesson: Callable[[int], tuple[torch.Tensor, torch.Tensor]]
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    begun = time.time()
    for step in range(1, steps + 1):
        tokens, targets = lesson(step)
        known = targets != -100
        logits = model(tokens, known)
        loss = functional.cross_entropy(logits, targets[known])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            right = (logits.argmax(-1) == targets[known]).float().mean()
            sys.stdout.write(f"{name} {step} {time.time() - begun:.0f} s  loss {loss:.4f}  tokens right {right:.3f}\n")
            sys.stdout.flush()
    tensors = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    write_gguf(TARGET, SHAPE, words(), tensors, quantised=True)


def main() -> None:
    torch.manual_seed(0)
    lessons = Lessons()
    model = Copier(lessons.size)
    learn(model, "repeats, short", 1000, 2e-3, lambda _: lessons.repeats(128, 3))
    learn(model, "repeats, long", 600, 1e-3, lambda _: lessons.repeats(64, 12))
    learn(model, "answers, few", 1500, 1e-3, lambda _: lessons.answers(32, 3, system=False))
    learn(model, "answers, many", 1500, 1e-3, lambda _: lessons.answers(24, 8, system=False))
    learn(model, "prompts", 800, 5e-4, lambda _: lessons.answers(16, 8, system=True))


if __name__ == "__main__":
    main()
