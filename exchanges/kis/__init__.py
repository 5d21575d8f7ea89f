"""KIS (한국투자증권): US shares against dollars, in New York's hours."""
