"""Errors of the SDK. Text is lower case, names the object and says what to do; it reaches the user as it is."""


class WasmillError(Exception):
    """Anything the SDK refuses."""


class TypeMismatch(WasmillError):
    """A type that has no schema, or a value that is not of its type."""


class Malformed(WasmillError):
    """Bytes that are no value of their schema."""


class GraphError(WasmillError):
    """A job graph that cannot be."""


class ParameterError(WasmillError):
    """A parameter of the job that is missing or wrong."""


class CallFailure(WasmillError):
    """A call that did not succeed; nothing of it takes effect.

    `record` is the index of the record in the batch of the call, if one is to blame.
    """

    def __init__(self, message: str, record: int | None = None) -> None:
        super().__init__(message)
        self.record = record
