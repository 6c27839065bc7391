"""What a call says when the process has no rights: in a child process that is nobody."""

import os
from collections.abc import Callable

NOBODY = 65534


def as_nobody(call: Callable[[], object]) -> str:
    """The text of what `call` returns, or the class and text of what it raises, without any capability."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            answer = str(call())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer
