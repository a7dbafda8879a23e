"""What SageMaker says when it refuses."""


class Refused(Exception):
    """An API error: SageMaker's code and message."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def invalid(message: str) -> Refused:
    """SageMaker answers almost every refusal with this code, which its model does not declare."""
    return Refused("ValidationException", message)


def in_use(message: str) -> Refused:
    return Refused("ResourceInUse", message)


def not_found(message: str) -> Refused:
    return Refused("ResourceNotFound", message)
