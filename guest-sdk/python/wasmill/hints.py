"""Types that follow from the annotations of user functions, so that they need not be said twice."""

from __future__ import annotations

import collections.abc
import typing
from typing import Any, Callable

from .errors import TypeMismatch
from .types import Type, type_of

_ITERABLES = (
    list,
    collections.abc.Iterable,
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.Sequence,
)


def _hints(function: Any) -> dict[str, Any]:
    target = function if hasattr(function, "__annotations__") else getattr(function, "__call__", None)
    try:
        return typing.get_type_hints(target, include_extras=True)
    except NameError as error:
        raise TypeMismatch(f"its annotations cannot be read: {error}, define the type at the top of the module") from None
    except TypeError:
        return {}


def returned(function: Callable[..., Any], returns: Any) -> Type:
    """What a function returns: `returns` if it is given, else its annotation."""
    if returns is None and "return" not in (hints := _hints(function)):
        raise TypeMismatch("nothing says what its function returns: annotate it, or pass returns=...")
    return type_of(hints["return"] if returns is None else returns)


def yielded(function: Callable[..., Any], returns: Any) -> Type:
    """What a function yields, or what is in the list that it returns."""
    if returns is not None:
        return type_of(returns)
    annotation = _hints(function).get("return")
    if typing.get_origin(annotation) in _ITERABLES:
        return type_of(typing.get_args(annotation)[0])
    raise TypeMismatch("nothing says what its function yields: annotate it with Iterator[T], or pass returns=...")


def parameter(method: Callable[..., Any], position: int, generic: type, returns: Any) -> Type:
    """The argument of a generic parameter, such as `T` of `out: Collector[T]`."""
    if returns is not None:
        return type_of(returns)
    for annotation in _hints(method).values():
        if typing.get_origin(annotation) is generic:
            return type_of(typing.get_args(annotation)[position])
    raise TypeMismatch(
        f"nothing says what it emits: annotate a parameter of {method.__name__} with {generic.__name__}[T], "
        "or pass returns=..."
    )
