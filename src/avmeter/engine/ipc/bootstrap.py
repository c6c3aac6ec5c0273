"""First lines of every process of this program: the run's import path, then the module that does the work.

Run as a file, so that nothing is looked up on another path before; only the standard library is imported here.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import signal
import sys


def main(module: str, descriptor: str, package: str, path: str) -> None:
    """Call `serve` of a module. An interrupt before that ends the process, which says nothing.

    Args:
        module: Its full name.
        descriptor: File descriptor of the process's end of the channel, inherited.
        package: File of this package, whatever else on the path is called so.
        path: `sys.path` of the run, as JSON.
    """
    on_interrupt = signal.getsignal(signal.SIGINT)
    ends = on_interrupt is signal.default_int_handler
    if ends:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.path[:] = json.loads(path)
    spec = importlib.util.spec_from_file_location("avmeter", package)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])
    serve = importlib.import_module(module).serve
    if ends:
        signal.signal(signal.SIGINT, on_interrupt)
    serve(int(descriptor))


if __name__ == "__main__":
    main(*sys.argv[1:])
