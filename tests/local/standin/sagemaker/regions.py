"""SageMaker in every region: each has jobs, models, packages and endpoints of its own."""
import threading
from pathlib import Path

from .. import aws, container
from .service import SageMaker


class Regions:
    """The one ministack service. The region in a request's signature says whose books it is about."""

    def __init__(self, images: container.Images, folder: Path):
        self._images, self._folder = images, folder
        self._regions: dict[str, SageMaker] = {}
        self._lock = threading.Lock()

    def here(self) -> SageMaker:
        region = aws.region()
        with self._lock:
            if region not in self._regions:
                folder = self._folder if region == aws.REGION else self._folder / region
                self._regions[region] = SageMaker(self._images, folder)
            return self._regions[region]

    async def handle(self, method, path, headers, body, query):
        """The signature of a ministack service."""
        return await self.here().handle(method, path, headers, body, query)

    def jobs(self, field: str):
        return self.here().jobs(field)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource of this region."""
        return self.here().tags.map(arn)

    def flush_capture(self):
        for sagemaker in list(self._regions.values()):
            sagemaker.flush_capture()
