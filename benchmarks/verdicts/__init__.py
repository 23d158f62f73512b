"""Two tables of verdicts: what wrongly passes, and what wrongly fails, here and in other comparators."""
