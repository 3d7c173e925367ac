"""What clinicians decided, by hand and from files, and what is new since they last looked."""
