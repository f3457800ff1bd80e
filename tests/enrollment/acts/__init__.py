"""Acts on people who are enrolled, or are to be, without a plan."""
