"""The command line. A command parses its arguments, makes one call to App and one to a renderer."""

from ragcli.cli.main import main

__all__ = ["main"]
