"""Charts: each is two functions, one that decides what is seen (facts) and one that draws it."""
