"""The live socket, boards and the player."""
