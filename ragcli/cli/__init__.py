"""The command line. A command parses its arguments, makes one call of `ragcli.Rag` or of a use case, and one of a renderer."""

from ragcli.cli.main import main

__all__ = ["main"]
