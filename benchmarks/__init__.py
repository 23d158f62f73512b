"""Figures about speed and memory, each by one command; see `make bench`."""
