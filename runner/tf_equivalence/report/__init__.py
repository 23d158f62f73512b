"""The reports: each module writes one format, reads only the frozen result, and decides nothing."""
