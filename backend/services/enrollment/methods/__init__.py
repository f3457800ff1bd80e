"""The methods of a session: listed, begun, changed without a plan, removed; and each in a sentence."""
