"""Where documents come from: folders, and web pages when asked for."""
