"""Texts and addresses in the one form in which they are stored and compared. Pure, and below everything else."""

from backend.text.address import address_key, clean_address, is_address
from backend.text.normal_form import TextError, clean_code, clean_lines, clean_long_text, clean_text, code_key
from backend.text.person_name import full_name

__all__ = [
    "TextError",
    "address_key",
    "clean_address",
    "clean_code",
    "clean_lines",
    "clean_long_text",
    "clean_text",
    "code_key",
    "full_name",
    "is_address",
]
