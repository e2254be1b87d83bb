"""`python -m ragcli` and the `rag` command."""

from __future__ import annotations

from ragcli.early import guard


def main() -> None:
    """Run the command line."""
    guard()
    from ragcli.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
