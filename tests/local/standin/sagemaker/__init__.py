"""A SageMaker that really trains, transforms and serves, by running the image's programs as processes."""
from .service import SageMaker

__all__ = ["SageMaker"]
