"""A real instance under load while its processes are killed and its servers freeze: nothing acknowledged may be lost.

`make faults` runs the long form (`python -m tests.faults --kills 200`), `test_faults.py` a short one. The parts: `campaign`
plays rounds of `faults` against an `instance` that `load` writes to, `ledger` holds what was acknowledged, and `truth`
compares it and the rules with the tables after each round.
"""
