"""How far two arrays of the same meaning are apart."""

import numpy as np


def relative_change(before, after):
    # type: (np.ndarray, np.ndarray) -> float
    """Return ``max|after - before| / max|before|`` in float64, over the elements that are finite on both sides.

    Returns:
        0 for arrays without arithmetic or of other shapes, and where nothing can be compared.
    """
    if before.dtype.kind not in "fc" or before.shape != after.shape or not before.size:
        return 0.0
    finite = np.isfinite(before) & np.isfinite(after)
    if not finite.any():
        return 0.0
    wide = np.complex128 if before.dtype.kind == "c" else np.float64
    one, other = before[finite].astype(wide), after[finite].astype(wide)
    scale = float(np.abs(one).max())
    return float(np.abs(other - one).max()) / scale if scale else 0.0
