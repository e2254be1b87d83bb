"""Which values settings may have: the words of some, the numbers of others, both ends included."""

from __future__ import annotations

from collections.abc import Mapping

CHOICES: Mapping[str, tuple[str, ...]] = {
    "retrieval_mode": ("lexical", "dense", "hybrid"),
    "retrieval_fusion": ("convex", "rrf"),
    "retrieval_prefer": ("", "recent"),
    "retrieval_engine": ("exact", "chroma"),
    "embedding_sentences": ("", "on", "pooled", "off"),
    "ingest_secrets": ("redact", "skip", "allow"),
    "ingest_pii": ("off", "redact"),
    "answer_verify": ("warn", "drop", "fail"),
    "access_untagged": ("nobody", "everyone"),
    "audit_questions": ("hash", "text"),
}
RANGES: Mapping[str, tuple[float, float]] = {
    "history": (0, 100_000),
    "limits_file_mb": (0.001, 10_000.0),
    "limits_idle_seconds": (0.1, 86_400.0),
    "limits_seconds": (0.1, 86_400.0),
    "limits_cpu_seconds": (1.0, 86_400.0),
    "limits_memory_mb": (128, 1_000_000),
    "limits_characters": (1_000, 1_000_000_000),
    "chunking_max_tokens": (16, 8192),
    "retrieval_weight": (0.0, 1.0),
    "retrieval_depth": (1, 10_000),
    "retrieval_k": (1, 1_000),
    "retrieval_stitch_tokens": (0, 100_000),
    "retrieval_per_document": (0, 1_000),
    "retrieval_mmr": (0.0, 1.0),
    "retrieval_rerank_depth": (1, 1_000),
    "retrieval_max_seconds": (0.0, 3_600.0),
    "answer_threshold": (0.0, 1.0),
    "answer_closest": (0.0, 1.0),
    "answer_max_sentences": (1, 20),
    "answer_context_tokens": (16, 1_000_000),
    "answer_max_tokens": (1, 100_000),
    "answer_seconds": (0.01, 86_400.0),
    "answer_idle_seconds": (0.01, 86_400.0),
    "answer_threads": (0, 1_024),
    "answer_window": (512, 10_000_000),
    "answer_price_prompt": (0.0, 1e6),
    "answer_price_answer": (0.0, 1e6),
    "audit_max_mb": (0.001, 1e6),
}
