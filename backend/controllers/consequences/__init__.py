"""What acts would do, asked before they are done."""
