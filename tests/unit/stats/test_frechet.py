"""The Fréchet distance on inputs whose answer is known."""

import numpy as np
import pytest

from avmeter.errors import StatsError
from avmeter.stats.frechet import frechet_distance
from avmeter.stats.moments import Moments


def white_sets(count: int) -> tuple[Moments, Moments]:
    rng = np.random.default_rng(0)
    return Moments.of(rng.standard_normal((count, 768))), Moments.of(rng.standard_normal((count, 768)))


@pytest.mark.parametrize(("count", "expected"), [(50, 1239.0995), (200, 896.6679), (1000, 297.4349), (5000, 59.3853)])
def test_fewer_clips_than_dimensions_give_the_exact_value(count, expected) -> None:
    """Singular covariances give the value of any exact algorithm, and say that they are singular."""
    generated, reference = white_sets(count)
    result = frechet_distance(generated=generated, reference=reference)
    assert result.distance == pytest.approx(expected, abs=1e-3)
    assert result.has_fewer_clips_than_dimensions == (count <= 768)
    assert result.generated_rank == result.reference_rank == min(count - 1, 768)


@pytest.mark.parametrize("count", [50, 200, 500])
def test_singular_sets_agree_with_singular_values_of_the_rows(count) -> None:
    """The moments lose nothing: singular values of the centred rows give the same to 1e-9."""
    rng = np.random.default_rng(count)
    x, y = rng.standard_normal((count, 300)), rng.standard_normal((count + 9, 300))
    a, b = (rows - rows.mean(axis=0) for rows in (x, y))
    a, b = a / np.sqrt(len(a) - 1), b / np.sqrt(len(b) - 1)
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    expected = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2) + np.sum(a**2) + np.sum(b**2) - 2 * root
    result = frechet_distance(generated=Moments.of(x), reference=Moments.of(y))
    assert result.distance == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("fill", [1.0, 0.1])
def test_constant_embeddings_have_rank_zero(fill) -> None:
    """Fifty copies of one embedding are scored, and their rank says that they are one clip."""
    reference = white_sets(50)[0]
    result = frechet_distance(generated=Moments.of(np.full((50, 768), fill)), reference=reference)
    assert result.generated_rank == 0
    mean_term = np.sum((fill - reference.mean) ** 2)
    assert result.distance == pytest.approx(mean_term + np.trace(reference.covariance), rel=1e-12)
    if fill == 1.0:
        assert result.distance == pytest.approx(1547.314, abs=1e-3)


def test_one_dimension_has_the_closed_form() -> None:
    """(m - n)^2 + (s - t)^2 for numbers."""
    result = frechet_distance(generated=Moments.of([[0.0], [2.0]]), reference=Moments.of([[5.0], [13.0]]))
    s, t = np.std([0, 2], ddof=1), np.std([5, 13], ddof=1)
    assert result.distance == pytest.approx(64 + (s - t) ** 2, rel=1e-12)
    assert result.mean_term == pytest.approx(64)


def test_sets_in_orthogonal_subspaces_keep_both_traces() -> None:
    """Where the product of the covariances is 0 no rounding turns into a root of it."""
    rng = np.random.default_rng(0)
    x, y = np.zeros((400, 200)), np.zeros((400, 200))
    x[:, :90], y[:, 100:] = rng.standard_normal((400, 90)), rng.standard_normal((400, 100))
    a, b = Moments.of(x), Moments.of(y)
    result = frechet_distance(generated=a, reference=b)
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance) + np.trace(b.covariance)
    assert result.distance == pytest.approx(expected, rel=1e-12)
    assert (result.generated_rank, result.reference_rank) == (90, 100)


def test_diagonal_offset_lowers_the_distance() -> None:
    """The offset of other tools is an option, and its effect is the documented one."""
    generated, reference = white_sets(50)
    plain = frechet_distance(generated=generated, reference=reference)
    offset = frechet_distance(generated=generated, reference=reference, diagonal_offset=1e-6)
    assert 0.001 < plain.distance - offset.distance < 0.02
    assert offset.generated_rank == plain.generated_rank == 49


@pytest.mark.parametrize(
    ("generated", "reference", "offset", "message"),
    [
        (np.ones((1, 3)), np.ones((5, 3)), 0.0, "generated: needs at least 2 embeddings per side, got 1"),
        (np.ones((5, 3)), np.ones((1, 3)), 0.0, "reference: needs at least 2 embeddings per side, got 1"),
        (np.ones((5, 3)), np.ones((5, 4)), 0.0, "generated 3, reference 4"),
        (np.ones((5, 3)), np.ones((5, 3)), -1.0, "0 or more, got -1"),
    ],
)
def test_sides_that_do_not_compare_are_refused(generated, reference, offset, message) -> None:
    """The message names the side and the numbers."""
    with pytest.raises(StatsError, match=message):
        frechet_distance(generated=Moments.of(generated), reference=Moments.of(reference), diagonal_offset=offset)
