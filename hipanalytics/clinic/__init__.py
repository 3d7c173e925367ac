"""The clinic: logs that are never lost, decisions that are never overwritten. `clinic.py` is what everyone calls."""
