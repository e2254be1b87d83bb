"""CPU time of a request to `rag serve`, beside a bare Starlette application that says hello, in the same run.

    python benchmarks/serving.py INDEX QUESTION [--requests 500]

Each server is a process of its own; its CPU time is read from the system before and after, so other work beside it does not
count. Requests go one after the other over one connection.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import time

HELLO = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def hello(request):
    await request.body()
    return JSONResponse({"hello": "world"})
uvicorn.run(Starlette(routes=[Route("/query", hello, methods=["POST"])]), port=int(sys.argv[1]), log_level="error")
"""


def cpu_seconds(process: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def posted(connection: http.client.HTTPConnection, body: dict[str, object]) -> None:
    connection.request("POST", "/query", json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    if reply.status != 200:
        raise SystemExit(f"status {reply.status}")


def connected(port: int) -> http.client.HTTPConnection:
    """A connection, as soon as there is somebody."""
    for _ in range(600):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.connect()
            return connection
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not begin")


def measured(process: int, port: int, bodies: list[dict[str, object]]) -> tuple[float, float]:
    """CPU-ms of the server and milliseconds that pass, for one of the requests."""
    connection = connected(port)
    posted(connection, bodies[0])
    cpu, began = cpu_seconds(process), time.perf_counter()
    for body in bodies:
        posted(connection, body)
    done = (cpu_seconds(process) - cpu, time.perf_counter() - began)
    return done[0] * 1000 / len(bodies), done[1] * 1000 / len(bodies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("question")
    parser.add_argument("--requests", type=int, default=500)
    given = parser.parse_args()
    same: dict[str, object] = {"question": given.question, "mode": "lexical"}
    hello = subprocess.Popen([sys.executable, "-c", HELLO, "8391"])
    command = [sys.executable, "-m", "ragcli", "serve", "--quiet", "--index", given.index, "--listen", "8392"]
    served = subprocess.Popen(command)
    try:
        rows = {
            "bare Starlette": measured(hello.pid, 8391, [same] * given.requests),
            "kept reply": measured(served.pid, 8392, [same] * given.requests),
            "lexical": measured(
                served.pid, 8392, [{**same, "question": f"{given.question} {i}"} for i in range(given.requests // 5)]
            ),
        }
    finally:
        for process in (hello, served):
            process.terminate()
            process.wait()
    for name, (cpu, passed) in rows.items():
        print(f"{name:15} {cpu:7.2f} CPU-ms  {passed:7.2f} ms")


if __name__ == "__main__":
    main()
