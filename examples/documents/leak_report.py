"""Estimate the water lost in a district meter area from its night flow.

Used by the network team every Monday; see the newsletter for what the loggers found.
"""

MINIMUM_NIGHT_HOURS = (2, 4)  # the flow between 02:00 and 04:00 is almost only leakage
LEGITIMATE_LITRES_PER_HOME_AND_HOUR = 1.7


def night_leakage(flow_litres_per_hour: float, homes: int) -> float:
    """Litres an hour that nobody used: the night flow less what homes legitimately take at night."""
    return max(0.0, flow_litres_per_hour - homes * LEGITIMATE_LITRES_PER_HOME_AND_HOUR)


def needs_crew(leakage: float, homes: int) -> bool:
    """A crew is sent when the leakage exceeds 12 litres per home and hour."""
    return leakage > 12 * homes
