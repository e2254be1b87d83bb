"""Taking the network away from this process and all that it will start, without any rights: for `rag doctor --offline`.

Three ways, the strongest first. `seccomp`: the kernel of Linux kills a process that makes a socket for anything but processes
of this machine, and refuses every `connect`. `namespace`: Linux gives the process a network of its own that leads nowhere.
`hook`: Python ends a process that connects, sends to an address or looks up a name, and each Python that it starts; libraries
that are not written in Python could go round it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NoReturn

UNAVAILABLE = 70  # the exit code of a process that could not be sealed in the way that was asked for
Way = Literal["seccomp", "namespace", "hook"]
WAYS: tuple[Way, ...] = ("seccomp", "namespace", "hook")
MEANS: Mapping[Way, str] = {
    "seccomp": "the kernel would have killed any process that made a network socket",
    "namespace": "the kernel gave all processes a network that leads nowhere",
    "hook": "Python would have ended any process that connected; libraries in other languages are not covered",
}
_HOOK_FILE = "from ragcli.trust.sealing import refuse_sockets\nrefuse_sockets()\n"
_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"})

# From linux/audit.h, linux/filter.h, linux/seccomp.h, linux/prctl.h, sched.h and the tables of system calls.
_MACHINES = {"x86_64": (0xC000003E, 41, 42), "aarch64": (0xC00000B7, 198, 203)}  # architecture; socket, connect
_IO_URING_SETUP = 425  # by which sockets could be made without the call `socket`
_X32 = 0x40000000  # a second set of numbers of x86_64
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _DENY = 0x7FFF0000, 0x80000000, 0x00050000 | 13  # EACCES
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def seal(way: str, scratch: Path) -> None:
    """Take the network away in one of the WAYS, for good; `scratch` is a folder that outlives the process. Raises OSError where
    the system does not have this way."""
    if way == "seccomp":
        _seal_by_seccomp()
    elif way == "namespace":
        _seal_by_namespace()
    else:
        _seal_by_hook(scratch)


def network_filter(architecture: int, make_socket: int, connect: int) -> bytes:
    """The filter in the machine code of classic BPF, 8 bytes an instruction (struct sock_filter)."""
    kill, deny, allow = 9, 10, 11  # places in the list below; a jump counts from the instruction after it
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, kill - 2, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, kill - 4, 0, _X32),
        (_EQUAL, kill - 5, 0, _IO_URING_SETUP),
        (_EQUAL, deny - 6, 0, connect),
        (_EQUAL, 0, allow - 7, make_socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, allow - 9, 0, socket.AF_UNIX),
        (_RETURN, 0, 0, _KILL),
        (_RETURN, 0, 0, _DENY),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _seal_by_seccomp() -> None:
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        raise OSError("seccomp is for Linux on x86_64 and aarch64")
    code = network_filter(*_MACHINES[platform.machine()])
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(code) // 8, code)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")
    child = os.fork()
    if not child:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        raise OSError("the filter has no effect")


def _seal_by_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux" or libc.unshare(_NEW_USER | _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "the kernel gives no network namespace")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation; no packet is sent
        except OSError:
            return
    raise OSError("the namespace has a network")


def _seal_by_hook(scratch: Path) -> None:
    (scratch / "sitecustomize.py").write_text(_HOOK_FILE, encoding="utf-8")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(scratch), *filter(None, [os.environ.get("PYTHONPATH")])])
    refuse_sockets()


def refuse_sockets() -> None:
    """From now on this process ends when Python is asked to connect, to send to an address or to look up a name."""

    def ended(event: str) -> NoReturn:
        os.write(2, f"rag doctor --offline: {event} was tried\n".encode())
        os._exit(1)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _EVENTS and getattr(arguments[0], "family", None) != socket.AF_UNIX:
            ended(event)

    sys.addaudithook(hook)
