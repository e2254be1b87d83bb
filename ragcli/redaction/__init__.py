"""Keys, tokens and personal data in texts: where they stand, and documents in which placeholders stand for them."""
