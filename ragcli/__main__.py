"""`python -m ragcli` and the `rag` command."""

from ragcli.cli import main

if __name__ == "__main__":
    main()
