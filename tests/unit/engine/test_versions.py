"""Versions of packages."""

from avmeter.engine.versions import installed_versions


def test_packages_that_are_not_installed_are_left_out() -> None:
    """The others have a version."""
    found = installed_versions(["numpy", "no-such-package-of-a-test"])
    assert list(found) == ["numpy"]
    assert found["numpy"][0].isdigit()
