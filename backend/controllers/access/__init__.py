"""Signing in, tokens and the audit."""
