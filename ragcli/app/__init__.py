"""The composition root: settings in, reports out. The one package that knows which part is used where."""

from ragcli.app.core import App

__all__ = ["App"]
