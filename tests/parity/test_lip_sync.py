"""Lip sync against the published programs, stage by stage; see golden/lip_sync/README.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from avmeter import create_evaluator
from avmeter.dsp.cepstrum import speech_cepstrum
from avmeter.features.face_crops import Crops
from avmeter.features.faces.blazeface import BlazeFaces
from avmeter.features.faces.s3fd import S3fdFaces, quartered
from avmeter.features.frame_stream import frames_in_step
from avmeter.features.shot_cuts import ShotCuts
from avmeter.media import MediaItem
from avmeter.nets import s3fd, syncnet
from avmeter.runtime import Runtime
from avmeter.stats.box_tracks import tracks_of_shot
from avmeter.stats.boxes import blended
from avmeter.stats.lip_offset import lip_offset
from avmeter.weights import WeightsSource
from golden import faces_in_motion as scenes
from golden import fill, goldenio
from support import require
from support.paths import GOLDEN

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(GOLDEN / "lip_sync" / "stages.npz"))


@torch.no_grad()
def test_every_stage_of_syncnet_agrees(golden: dict[str, np.ndarray]) -> None:
    """Both towers, under the fill."""
    net = syncnet.build()
    fill.fill_state_dict(net, rename=syncnet.KEY_MAP.official)
    deviations = {}
    for tower, layers, x in (
        ("face", net.face, scenes.faces()[:, :, :5]),
        ("sound", net.sound, scenes.cepstrum()[:, None]),
    ):
        for number, layer in enumerate(layers):
            x = layer(x)
            if isinstance(layer, torch.nn.MaxPool2d | torch.nn.MaxPool3d):
                deviations[tower, number] = goldenio.check(golden, f"{tower}/{number}", x.numpy())[1]
    found = net.embed_faces(scenes.faces()).numpy()
    deviations["face", -1] = goldenio.check(golden, "face/embedding", found)[1]
    found = net.embed_sound(scenes.cepstrum()).numpy()
    deviations["sound", -1] = goldenio.check(golden, "sound/embedding", found)[1]
    assert len(deviations) == 8
    assert max(deviations.values()) < TOLERANCE, deviations


@torch.no_grad()
def test_every_stage_of_s3fd_agrees(golden: dict[str, np.ndarray]) -> None:
    """Maps, boxes and scores, under the fill, of a picture of odd sides."""
    net = s3fd.build()
    fill.fill_state_dict(net, rename=s3fd.KEY_MAP.official)
    seen: dict[str, Any] = {}
    for number in (4, 15, 22, 29, 34):
        net.trunk[number].register_forward_hook(lambda m, i, o, n=number: seen.update({f"vgg.{n}": o.clone()}))
    boxes, scores = net(scenes.picture().permute(2, 0, 1)[None].float())
    seen |= {"boxes": boxes[0], "scores": scores[0]}
    deviations = {name: goldenio.check(golden, f"s3fd/{name}", value.numpy())[1] for name, value in seen.items()}
    assert len(deviations) == 7
    assert deviations.pop("boxes") < 5e-5  # exponentials: the program's own float32 is 1.1e-5 from its float64
    assert max(deviations.values()) < TOLERANCE, deviations


def test_boxes_that_stay_are_those_of_the_published_program(golden: dict[str, np.ndarray]) -> None:
    """Two rounds of suppression; and the quarter that the network reads is OpenCV's to the bit."""
    boxes, scores = S3fdFaces().chosen(*scenes.candidates(), scenes.SIZE)
    np.testing.assert_allclose(boxes, golden["s3fd/kept"][:, :4], rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(scores, golden["s3fd/kept"][:, 4], rtol=1e-6)
    np.testing.assert_array_equal(quartered(scenes.frame()), golden["s3fd/quarter"])


def test_tracks_and_crops_are_those_of_the_published_program(golden: dict[str, np.ndarray]) -> None:
    """Two faces among what flickers; a level of a pixel is a rounding of OpenCV's."""
    found = tracks_of_shot(scenes.boxes_in_motion(), start=0, overlap=0.5, longest_gap=25)
    tracks = [t for t in found if t.num_found > scenes.MIN_TRACK and t.side > scenes.MIN_SIZE]
    assert len(tracks) == golden["track/count"] == 2
    for number, track in enumerate(tracks):
        assert track.start == golden[f"track/{number}/start"]
        np.testing.assert_allclose(track.boxes, golden[f"track/{number}/boxes"], rtol=1e-12)
    crops = Crops.of(tracks[0])
    for place in scenes.CROPS:
        cut = crops.cut(scenes.frame(), place, 224)[::7, ::7].astype(int)
        assert np.abs(cut - golden[f"crop/{place}"]).max() <= 1


def test_cuts_are_those_of_the_published_program(golden: dict[str, np.ndarray]) -> None:
    """The third scene ends too soon after it began."""
    shots = ShotCuts()
    for number, frame in enumerate(scenes.shots()):
        shots.add(frame, number)
    assert shots.cuts == golden["cuts"].tolist() == [20, 40]


def test_cepstrum_is_that_of_the_published_program(golden: dict[str, np.ndarray]) -> None:
    """All whole frames, zeros among them, in one piece and in two."""
    samples = scenes.speech_like().astype(np.float64)
    found = speech_cepstrum(samples)
    np.testing.assert_allclose(found, golden["mfcc"][: len(found)], rtol=1e-9, atol=1e-9)
    assert len(golden["mfcc"]) - len(found) == 1
    rest = speech_cepstrum(samples[1600:], before=float(samples[1599]))
    np.testing.assert_allclose(rest, found[10:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", scenes.EMBEDDINGS)
def test_distances_and_offset_are_those_of_the_published_program(golden: dict[str, np.ndarray], name: str) -> None:
    """Sound that is early, late, in time, and further away than is looked at."""
    faces, sound = scenes.EMBEDDINGS[name]
    found = lip_offset(faces=faces, sound=sound)
    np.testing.assert_allclose(found.distances, golden[f"distance/{name}"], rtol=1e-5)
    offset, least, confidence = golden[f"offset/{name}"]
    assert found.offset == offset
    np.testing.assert_allclose([found.distance, found.confidence], [least, confidence], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "offset"), [("together", 0), ("early", 4), ("late", -7)])
def test_constructed_shifts_move_the_offset_by_as_much(name: str, offset: int) -> None:
    """Sound that many frames early."""
    faces, sound = scenes.EMBEDDINGS[name]
    assert lip_offset(faces=faces, sound=sound).offset == offset


def loaded() -> BlazeFaces:
    require.weights("blazeface-short-range")
    extractor = BlazeFaces()
    extractor.load(Runtime(device=torch.device("cpu"), precision="float32", weights=WeightsSource()))
    return extractor


@torch.no_grad()
def test_blazeface_agrees_with_the_program_that_its_weights_are_in(golden: dict[str, np.ndarray]) -> None:
    """Read out of the file without running it: heads, boxes and scores, with the trained weights."""
    net = loaded()._net
    picture = scenes.small_picture().permute(2, 0, 1)[None].float() * (2 / 255) - 1
    logits, numbers = net.heads(picture)
    boxes, scores = net(picture)
    np.testing.assert_allclose(numbers[0, ::7], golden["blazeface/numbers"], atol=3e-4)
    np.testing.assert_allclose(logits[0], golden["blazeface/logits"], atol=3e-4)
    np.testing.assert_allclose(boxes[0, ::7], golden["blazeface/boxes"], atol=1e-5)
    np.testing.assert_allclose(scores[0], golden["blazeface/scores"], atol=1e-5)


def test_blended_boxes_are_those_of_the_published_program(golden: dict[str, np.ndarray]) -> None:
    """Groups of boxes around five places."""
    boxes, scores = scenes.candidates()
    likely = scores > 0.5
    found, kept = blended(boxes[likely], scores[likely], overlap=0.3)
    np.testing.assert_allclose(found, golden["blazeface/kept"][:, :4], atol=1e-5)
    np.testing.assert_allclose(kept, golden["blazeface/kept"][:, 4], atol=1e-6)


@torch.no_grad()
def test_filmed_faces_are_where_the_published_program_finds_them(golden: dict[str, np.ndarray]) -> None:
    """Two people in a generated clip, one of them from the side; within a pixel of 832."""
    extractor = loaded()
    clip = MediaItem.open(require.media("ltx2.mp4"))
    for number, (frame,) in enumerate(frames_in_step([clip], [range(max(scenes.FILMED) + 1)])):
        if number not in scenes.FILMED:
            continue
        picture = torch.from_numpy(extractor.scaled(frame))[None]
        boxes, scores = (v[0].numpy().astype(np.float64) for v in extractor.forward({"pixels": picture}).values())
        found, likely = extractor.chosen(boxes, scores, (frame.shape[1], frame.shape[0]))
        assert len(found) == len(golden[f"filmed/{number}"]) == 2
        np.testing.assert_allclose(found, golden[f"filmed/{number}"][:, :4], atol=1)
        np.testing.assert_allclose(likely, golden[f"filmed/{number}"][:, 4], atol=0.01)


@pytest.mark.full
def test_two_people_of_a_generated_clip_are_followed_to_its_end() -> None:
    """Trained BlazeFace, SyncNet under stand-in values: 5 s of two faces, each found in every frame."""
    require.weights("blazeface-short-range")
    evaluator = create_evaluator(metrics=["av.lip_sync@blazeface"], device="cpu", store=None)
    net = syncnet.build()
    fill.fill_state_dict(net, rename=syncnet.KEY_MAP.official)
    evaluator._computer.runtime.networks[("syncnet",)] = net
    details = evaluator.evaluate(video=require.media("ltx2.mp4"))["av.lip_sync@blazeface"].details
    assert (details["num_faces"], details["share_of_frames_with_face"]) == (2, 1.0)
    assert (details["track"]["duration_s"], details["track"]["share_found"]) == (5.0, 1.0)
    assert 200 < details["track"]["side_px"] < 240
