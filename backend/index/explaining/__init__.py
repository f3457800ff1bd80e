"""Why a person is, or is not, in an audience."""
