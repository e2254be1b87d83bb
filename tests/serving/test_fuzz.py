"""Generated requests, by the OpenAPI document: whatever is sent, the reply is one that is declared, and never 500."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.serving import client_of, index_of, served

# 503 (busy) and 504 (the deadline of the request) are replies like others; 500 is looked for below. A request line that is longer
# than the protocol allows is refused by uvicorn itself, in plain text.
CHECKS = "status_code_conformance,response_schema_conformance"


@pytest.mark.parametrize("examples", [3, pytest.param(100, marks=pytest.mark.slow)])  # for each of the eight operations
def test_no_generated_request_gets_a_server_error_or_a_reply_that_is_not_declared(
    tmp_path: Path, examples: int
) -> None:
    pytest.importorskip("schemathesis")
    with served(index_of(tmp_path)) as site:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{site.address}/openapi.json"]
        options = ["--checks", CHECKS, "--max-examples", str(examples), "--phases", "fuzzing", "--seed", "1"]
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
        )
        with client_of(site) as client:
            counted = client.get("/metrics").text
    assert "rag_http_requests_total{" in counted
    assert 'status="500"' not in counted
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
