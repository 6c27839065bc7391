"""What ends a benchmark, as one clear line."""


class BenchError(Exception):
    pass
