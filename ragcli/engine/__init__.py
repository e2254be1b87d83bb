"""The parts that answer questions from one index, made once per process, and how they are put together (`wiring.py`)."""
