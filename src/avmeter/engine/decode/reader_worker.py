"""A process that reads media files: libav's code, which a file can crash or hang, runs here and takes nobody along.

It imports no torch, so that it starts in a tenth of a second: even a single clip is worth it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from avmeter.engine.decode.reader_messages import (
    Done,
    Fault,
    Frame,
    OpenSource,
    ReadAudio,
    ReadFrames,
    ReadTimestamps,
    Reply,
    Request,
    joined,
)
from avmeter.engine.decode.watch import BeatingWatch
from avmeter.engine.ipc.channel import Channel
from avmeter.engine.ipc.process import connect_to_run, exit_with_run
from avmeter.media.opening import open_reader
from avmeter.media.packets import Losses
from avmeter.media.reader import Reader


def serve(descriptor: int) -> None:
    """Answer requests until the run hangs up.

    Args:
        descriptor: File descriptor of a connected socket, inherited.
    """
    exit_with_run(descriptor)
    try:
        channel = connect_to_run(descriptor)
        watch = BeatingWatch(lambda seconds: _send(channel, seconds, None))
        reader: Reader | None = None
        while True:
            request: Request = channel.receive()
            try:
                if isinstance(request, OpenSource):
                    reader = open_reader(request.source, limits=request.limits, advance=watch.advance)
                    _send(channel, watch.take_unsent_s(), Done(value=(reader.name, reader.info)))
                    continue
                assert reader is not None
                for reply in _replies(reader, request):
                    _send(channel, watch.take_unsent_s(), reply)
            except Exception as error:  # noqa: BLE001 - raised again in the run, where a clip's failure is its skip
                _send(channel, watch.take_unsent_s(), Fault.of(error))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _send(channel: Channel, decoded_s: float, reply: Reply) -> None:
    channel.send((decoded_s, reply))
    channel.forget()


def _replies(reader: Reader, request: Request) -> Iterator[Reply]:
    losses = Losses()
    if isinstance(request, ReadTimestamps):
        yield Done(value=reader.timestamps())
        return
    if isinstance(request, ReadAudio):
        yield from joined(reader.audio_blocks(losses))
    elif isinstance(request, ReadFrames):
        for index, pixels in reader.frames(request.timestamps, set(request.indices), losses, planar=request.planar):
            yield Frame(index=index, pixels=np.ascontiguousarray(pixels))
    yield Done(losses=losses)
