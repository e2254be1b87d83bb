"""CPU time of a request to `rag serve`, beside a bare Starlette application that says hello, in the same run; and what becomes
of three times as many callers as it takes.

    python benchmarks/serving.py INDEX QUESTION [--requests 500]

Each server is a process of its own; its CPU time is read from the system before and after, so other work beside it does not
count. Requests go one after the other over one connection. For the overload, a server with two threads and four places to wait
is asked by as many callers as it takes (6), then by three times as many, each without pause; every question is another one.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter

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


def posted(connection: http.client.HTTPConnection, body: dict[str, object], path: str = "/query") -> None:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
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


def measured(process: int, port: int, bodies: list[dict[str, object]], path: str = "/query") -> tuple[float, float]:
    """CPU-ms of the server and milliseconds that pass, for one of the requests."""
    connection = connected(port)
    posted(connection, bodies[0], path)
    cpu, began = cpu_seconds(process), time.perf_counter()
    for body in bodies:
        posted(connection, body, path)
    done = (cpu_seconds(process) - cpu, time.perf_counter() - began)
    return done[0] * 1000 / len(bodies), done[1] * 1000 / len(bodies)


def loaded(port: int, question: str, callers: int, seconds: float) -> tuple[Counter[int], float]:
    """Replies by status to callers that ask without pause, and how many answers there were a second."""
    statuses: Counter[int] = Counter()
    counting, end = threading.Lock(), time.monotonic() + seconds

    def call(caller: int) -> None:
        connection, number = connected(port), 0
        while time.monotonic() < end:
            body = {"question": f"{question} {callers} {caller} {number}", "mode": "lexical"}
            connection.request("POST", "/query", json.dumps(body), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            number += 1
            with counting:
                statuses[reply.status] += 1
            if reply.status != 200:
                time.sleep(0.02)  # a caller that is turned away waits, if not as long as it is told to

    threads = [threading.Thread(target=call, args=(i,)) for i in range(callers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, statuses[200] / (time.monotonic() - began)


def overload(index: str, question: str, seconds: float) -> None:
    """Print what becomes of six callers, and of eighteen."""
    command = [sys.executable, "-m", "ragcli", "serve", "--quiet", "--index", index, "--listen", "8393"]
    limits = {"RAGCLI_SERVE_THREADS": "2", "RAGCLI_SERVE_QUEUE": "4"}
    server = subprocess.Popen(command, env={**os.environ, **limits})
    try:
        posted(connected(8393), {"question": question, "mode": "lexical"})
        for callers in (6, 18):
            statuses, rate = loaded(8393, question, callers, seconds)
            told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
            print(f"{callers:2} callers      {rate:7.1f} answers/s  {told}")
            if set(statuses) - {200, 429, 503}:
                raise SystemExit("something else than 200, 429 and 503 was replied")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("question")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load")
    given = parser.parse_args()
    same: dict[str, object] = {"question": given.question, "mode": "lexical"}
    hello = subprocess.Popen([sys.executable, "-c", HELLO, "8391"])
    command = [sys.executable, "-m", "ragcli", "serve", "--quiet", "--index", given.index, "--listen", "8392"]
    served = subprocess.Popen(command)
    try:
        rows = {
            "bare Starlette": measured(hello.pid, 8391, [same] * given.requests),
            "kept reply": measured(served.pid, 8392, [same] * given.requests),
            "lexical": measured(served.pid, 8392, others(same, given.requests // 5)),
            "hybrid": measured(served.pid, 8392, others({**same, "mode": "hybrid"}, given.requests // 10)),
            "extractive": measured(
                served.pid, 8392, others({**same, "mode": "hybrid"}, given.requests // 20), path="/ask"
            ),
        }
    finally:
        for process in (hello, served):
            process.terminate()
            process.wait()
    for name, (cpu, passed) in rows.items():
        print(f"{name:15} {cpu:7.2f} CPU-ms  {passed:7.2f} ms")
    overload(given.index, given.question, given.seconds)


def others(body: dict[str, object], count: int) -> list[dict[str, object]]:
    """As many requests, each with a question of its own, so that no reply is a kept one."""
    return [{**body, "question": f"{body['question']} {i}"} for i in range(max(2, count))]


if __name__ == "__main__":
    main()
