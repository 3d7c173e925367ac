"""A second, slow and obvious reading of the definitions, to check the fast one against."""
