"""Pure functions on strings that several stages share: analysis, sentence boundaries, folding."""
