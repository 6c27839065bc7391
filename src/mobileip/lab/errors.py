"""What can go wrong in a lab, as one exception with an exit code of the command line."""

FAILED = 1
NO_SUCH_OBJECT = 4
TIMED_OUT = 5
NOT_PERMITTED = 6


class LabError(Exception):
    """One clear line for a person; `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
