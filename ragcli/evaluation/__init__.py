"""Measuring retrieval and answers against judged questions."""
