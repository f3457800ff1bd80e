"""People: learners, their fields, many at once, the organisation."""
