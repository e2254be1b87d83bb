"""The index directory: one truth (the catalog) and copies of it that can be rebuilt. See ARCHITECTURE.md, "The index"."""
