"""Question → hits: two retrievers, one fused ranking, neighbours stitched."""
