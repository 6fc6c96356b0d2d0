"""From an exception of user code to the failure of a call, with the place in the user's file.

Looks at frames only: a component has no files, so source lines cannot be read.
"""

from __future__ import annotations

import os
import traceback

from .errors import CallFailure, WasmillError

_OWN = os.path.dirname(__file__)


def describe(error: BaseException) -> str:
    """One line: what happened, and where in code that is not the SDK's."""
    text = str(error) if isinstance(error, WasmillError) else f"{type(error).__name__}: {error}"
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_filename != "<string>" and os.path.dirname(code.co_filename) != _OWN:
            place = f" ({os.path.basename(code.co_filename)}, line {line}, in {code.co_name})"
    return text + place


def failure(error: BaseException, record: int | None = None) -> CallFailure:
    """The failure of a call; `record` is the index of the record that was under way."""
    if isinstance(error, CallFailure):
        return error
    return CallFailure(describe(error), record)
