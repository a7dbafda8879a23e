"""The whole of Pawl on the stand-in, as the demo and the end-to-end tests drive it."""
from .loop import BINARIES, BUCKET, DATA_BUCKET, MODEL, ROOT, Loop
from .traffic import Traffic

__all__ = ["BINARIES", "BUCKET", "DATA_BUCKET", "MODEL", "ROOT", "Loop", "Traffic"]
