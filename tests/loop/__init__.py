"""The whole of Pawl on the stand-in, as the demo and the end-to-end tests drive it."""
from .loop import BUCKET, DATA_BUCKET, MODEL, ROOT, Loop
from .traffic import Traffic

__all__ = ["BUCKET", "DATA_BUCKET", "MODEL", "ROOT", "Loop", "Traffic"]
