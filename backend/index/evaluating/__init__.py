"""From a rule to its people: sets, counts, the funnel, forecasts, and how things stood."""
