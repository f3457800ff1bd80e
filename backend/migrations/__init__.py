"""Piccolo migrations. The statements are SQL files beside them: triggers, checks and partial indexes have no other form."""
