"""What a clinician is offered to look at: each flag a rule with its version, and a sentence with own numbers."""
