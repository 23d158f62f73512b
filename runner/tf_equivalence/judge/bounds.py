from dataclasses import dataclass
@dataclass(frozen=True)
class Bound:
    rtol: float; atol: float; source: str; noise: float|None; scale: float; ill_conditioned: bool
def unmatched_globs(m, names): return ()
