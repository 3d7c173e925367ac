"""What is measured: pure functions from tables to tables. One file per question, no clock, no files, no drawing."""
