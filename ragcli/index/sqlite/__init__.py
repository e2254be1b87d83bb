"""The store of indexes in a directory: a catalog (SQLite), `vectors.f32`, and a Chroma collection. `ragcli.index` says what a
store must do. See ARCHITECTURE.md, "The index"."""
