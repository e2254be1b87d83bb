"""Reports → text or JSON. The only package that writes to stdout."""
