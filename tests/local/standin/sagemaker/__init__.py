"""A SageMaker that really trains, transforms and serves, by running the image's programs as processes."""
from .regions import Regions

__all__ = ["Regions"]
