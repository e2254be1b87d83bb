"""A language model of 400,000 weights that answers by copying, trained by `python -m tests.copier.train`."""
