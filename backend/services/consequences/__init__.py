"""What would follow from an act, before it is done."""
