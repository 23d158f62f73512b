"""Families of seeded bugs: each module has a `cases` that takes a seed and returns them."""
