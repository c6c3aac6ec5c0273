"""NVIDIA's decoders: the pixels of libav on a card; elsewhere a reason."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from avmeter.engine.decode import nvdec
from avmeter.engine.decode.hardware import HardwareFrames, HardwareOrder, HardwareSessions
from avmeter.engine.decode.nvdec import Nvdec, load_package
from avmeter.errors import MissingDependencyError
from avmeter.media.hardware import CodedStream, coded_packets
from avmeter.media.packets import Losses
from avmeter.media.timestamps import read_timestamps
from avmeter.media.video_decode import decode_frames
from support import require
from support.media import write_media

NOISE = np.random.default_rng(0).integers(0, 256, (40, 144, 192, 3), np.uint8)


@pytest.fixture(autouse=True)
def forget_package():
    load_package.cache_clear()
    yield
    load_package.cache_clear()


def test_absent_package_is_named(monkeypatch):
    """With what installs it."""
    monkeypatch.setitem(sys.modules, nvdec.PACKAGE, None)
    with pytest.raises(MissingDependencyError, match="PyNvVideoCodec") as raised:
        Nvdec(torch.device("cuda:0"))
    assert "avmeter[nvdec]" in raised.value.hint


def test_package_without_its_libraries_is_named(monkeypatch, tmp_path):
    """It raises at import where the driver has no video libraries; the first line says what is missing."""
    (tmp_path / f"{nvdec.PACKAGE}.py").write_text('raise RuntimeError("libnvcuvid.so.1: cannot open\\nmany lines")')
    monkeypatch.delitem(sys.modules, nvdec.PACKAGE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingDependencyError, match="cannot open") as raised:
        load_package()
    assert raised.value.message == 'decoder="nvdec" needs PyNvVideoCodec: libnvcuvid.so.1: cannot open'


@require.needs("gpu", torch.cuda.is_available(), "no GPU that torch can use")
@pytest.mark.parametrize(("encoder", "codec"), [("libx264", "h264"), ("libx265", "hevc"), ("libvpx-vp9", "vp9")])
def test_pixels_are_those_of_libav(tmp_path, encoder, codec):
    """Every frame, in a second stream of the session too."""
    module: ModuleType = require.package(nvdec.PACKAGE)
    assert module is load_package()
    path = write_media(tmp_path / "a.mkv", frames=NOISE, video_codec=encoder, gop=12)
    stamps = read_timestamps(path, {}).stamps
    expected = dict(decode_frames(path, stamps, set(), Losses(), planar=range(len(stamps))))
    sessions = HardwareSessions(Nvdec(torch.device("cuda:0")))
    stream = CodedStream(codec=codec, height=144, width=192)
    memory = np.zeros(len(stamps) * stream.frame_bytes, np.uint8)
    for _ in range(2):
        packets = list(coded_packets(path, set(stamps.tolist()), {}, 1 << 20, lambda _: None))
        order = HardwareOrder(stream=stream, packets=packets, is_last=True, block=0)
        answer = sessions.answer(order, memory)
        assert isinstance(answer, HardwareFrames), answer
        assert list(answer.stamps) == stamps.tolist()
        frames = memory.reshape(len(stamps), -1, 192)
        for index, planes in enumerate(frames):
            np.testing.assert_array_equal(planes[:-1], expected[index][:-1])
