"""A file that says who asked and changed what, and shows when somebody changed it afterwards: JSON lines, of which each holds
the SHA-256 of the one before. `chain` writes them, `verifying` reads them, `trail` says what stands in them."""
