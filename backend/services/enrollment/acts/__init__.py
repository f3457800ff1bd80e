"""Acts on people by name, without a plan: on those who are enrolled, on those whom a session leaves out, and by pasted addresses."""
