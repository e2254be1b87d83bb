"""Fronts through which other programs use an index: requests in, calls of `ragcli.Rag`, results out."""
