"""Imports: sheets read, checked, tried and applied."""
