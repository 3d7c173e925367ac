"""Care for the data: backup and restore, erasure, doctor, and the name list."""
