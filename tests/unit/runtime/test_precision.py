"""What each precision means, in one place, and that the process's own settings come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from avmeter.errors import UnknownNameError
from avmeter.runtime import Precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")
HALF = {"float32": None, "tf32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def tf32() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


@pytest.fixture(params=[(False, True), (True, False)], ids=["matmul off", "matmul on"], autouse=True)
def own_settings(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool]]:
    """Settings of a program that uses avmeter."""
    before = tf32()
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = request.param
    yield request.param
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


@pytest.mark.parametrize("name", HALF)
def test_half_precisions_have_a_type_and_the_others_none(name: str) -> None:
    """float16, bfloat16, or the network's own."""
    assert Precision.parse(name).half_dtype == HALF[name]
    assert Precision.parse(name) == name


@pytest.mark.parametrize("name", HALF)
@pytest.mark.parametrize("device", [CPU, GPU], ids=["cpu", "gpu"])
def test_attention_has_a_type_of_its_own_only_in_tf32_on_a_gpu(name: str, device: torch.device) -> None:
    """float16 has TF32's digits and a faster kernel."""
    expected = torch.float16 if (name, device) == ("tf32", GPU) else None
    assert Precision.parse(name).attention_dtype(device) == expected


@pytest.mark.parametrize("name", HALF)
def test_operands_of_fused_products_are_halves_on_a_gpu_unless_float32_is_strict(name: str) -> None:
    """float16 stands for TF32, with as many digits; the CPU has no fused products."""
    expected = {**HALF, "tf32": torch.float16}[name]
    assert Precision.parse(name).operand_dtype(GPU) == expected
    assert Precision.parse(name).operand_dtype(CPU) is None


@pytest.mark.parametrize("name", HALF)
def test_tf32_is_off_in_float32_and_on_in_all_others(name: str) -> None:
    """Strict float32 is strict whatever the program had set."""
    with Precision.parse(name).applied(CPU):
        assert tf32() == ((False, False) if name == "float32" else (True, True))


@pytest.mark.parametrize("name", HALF)
def test_autocast_is_on_in_half_precision_only(name: str) -> None:
    """A product of float32 matrices has the type of the precision."""
    with Precision.parse(name).applied(CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == (HALF[name] or torch.float32)
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize("name", HALF)
def test_own_settings_return(name: str, own_settings: tuple[bool, bool]) -> None:
    """After a run the program has what it had set."""
    with Precision.parse(name).applied(CPU):
        pass
    assert tf32() == own_settings


def test_own_settings_return_after_an_exception(own_settings: tuple[bool, bool]) -> None:
    """The exception goes on, autocast is off again."""
    with pytest.raises(ZeroDivisionError), Precision.BF16.applied(CPU):
        raise ZeroDivisionError
    assert tf32() == own_settings
    assert not torch.is_autocast_enabled("cpu")


def test_nested_precisions_return_in_order(own_settings: tuple[bool, bool]) -> None:
    """One evaluator within another's run: the outer precision holds again behind the inner one."""
    with Precision.BF16.applied(CPU):
        with Precision.FLOAT32.applied(CPU):
            assert tf32() == (False, False)
        assert tf32() == (True, True)
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    assert tf32() == own_settings


def test_another_thread_waits_with_its_precision() -> None:
    """The settings are the process's: two runs at once would compute in each other's precision."""
    seen: list[tuple[bool, bool]] = []
    started = threading.Event()

    def run() -> None:
        started.set()
        with Precision.TF32.applied(CPU):
            seen.append(tf32())

    thread = threading.Thread(target=run)
    with Precision.FLOAT32.applied(CPU):
        thread.start()
        started.wait()
        thread.join(timeout=0.05)
        assert seen == []
        assert tf32() == (False, False)
    thread.join(timeout=120)
    assert seen == [(True, True)]


def test_unknown_precision_is_refused_with_near_misses() -> None:
    """The message has the names."""
    with pytest.raises(UnknownNameError, match="fp61") as caught:
        Precision.parse("fp61")
    assert "fp16" in f"{caught.value} {caught.value.hint}"


def test_default_type_is_float32_within_and_the_training_s_own_afterwards() -> None:
    """Networks that make a window or a mask would make it of the type that a training has set."""
    torch.set_default_dtype(torch.bfloat16)
    try:
        with Precision.FLOAT32.applied(CPU):
            assert torch.zeros(1).dtype == torch.float32
        assert torch.get_default_dtype() == torch.bfloat16
    finally:
        torch.set_default_dtype(torch.float32)
