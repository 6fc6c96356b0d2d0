"""The Python SDK: a job is a function that builds a graph of typed streams, and the same function, compiled to a
component, runs its operators inside the host.

    import wasmill
    from wasmill import Collector, Env, KeyedContext, KeyedProcess, OpenContext, Print, TextFiles

    @wasmill.job
    def job(env: Env) -> None:
        path = env.param("path", str, describe="what to read")
        env.source(TextFiles(path)).flat_map(str.split, returns=str).key_by(lambda w: w, returns=str)...

The SDK keeps nothing that must last: state, timers and output are the host's, and an instance may be thrown away
between two calls.
"""

from .column import NO_TIMESTAMP
from .component import VERSION as __version__
from .component import job
from .connector import Checksum, Collect, Collection, Connector, Generator, Print, Socket, TextFiles
from .context import Collector, Context, KeyedContext, OpenContext, OutputTag, Place, ProcessContext
from .env import Env
from .errors import CallFailure, GraphError, Malformed, ParameterError, TypeMismatch, WasmillError
from .files import CachedFile, Files
from .logic import KeyedCoProcess, KeyedProcess, Process, Source, SourceContext, SourceOutput, TwoPhaseSink
from .metrics import Counter, Gauge, Histogram, Meter
from .state import ListState, MapState, ValueState
from .stream import ConnectedStreams, KeyedStream, Sink, Stream
from .types import Float32, Int32, type_of
from .watermarks import Watermarks
from .window import Aggregate, Avg, Count, Session, Sliding, Sum, Tumbling, Window
from .windowed import WindowedStream

#: The end of event time: a timer at it fires when all input has ended.
END_OF_TIME = 2**63 - 1

__all__ = [name for name in dir() if not name.startswith("_")]
