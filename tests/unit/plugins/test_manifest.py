"""Manifests: what is refused, with which words, and where they are found."""

import sys
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from atlas_hub.plugins.discovery import find_candidates
from atlas_hub.plugins.guard import PluginError
from atlas_hub.plugins.manifest import FILE_NAME, Manifest, find_manifest, read_manifest

GOOD = """
slug = "acme"
name = "Acme"
version = "1.0.0"
api = ">=1.0,<2"
capabilities = ["payments"]
allowed_hosts = ["api.acme.test", "*.acme.test"]
docs = "https://acme.test/docs"
secrets = ["api_key"]
"""


def read(tmp_path: Path, text: str | bytes) -> Manifest:
    path = tmp_path / FILE_NAME
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_manifest(path)


def test_a_good_manifest(tmp_path: Path) -> None:
    manifest = read(tmp_path, GOOD)
    assert (manifest.slug, manifest.capabilities, manifest.planned) == ("acme", ["payments"], False)
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
    manifest.check_api()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('slug = "acme"', "", "slug: Field required"),
        ('"acme"', '"Acme Inc"', "slug: String should match pattern"),
        ('"1.0.0"', '"one"', "version: 'one' is not a version such as '1.2.0'"),
        ('">=1.0,<2"', '"1.x or so"', "api: '1.x or so' is not a version range"),
        ('["payments"]', '["telepathy"]', "capabilities.0: Input should be 'payments'"),
        ('"api.acme.test"', '"https://acme.test"', "allowed_hosts.0: String should match"),
        ('"https://acme.test/docs"', '"docs.html"', "docs: String should match"),
        ('["api_key"]', '"api_key"', "secrets: Input should be a valid list"),
        ("slug", 'slgu = "x"\nslug', "slgu: Extra inputs are not permitted"),
        ("slug", "planned = true\nslug", "a planned connector has no capabilities yet"),
        ("slug", "planned = 1\nslug", "planned: Input should be a valid boolean"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(PluginError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert message in caught.value.message
    assert caught.value.code == "plugin_broken"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"slug = ", "cannot be read: TOMLDecodeError"),
        (b"name = '\xff'", "cannot be read: UnicodeDecodeError"),
        (b"#" * 70_000, "is larger than 65536 bytes"),
    ],
)
def test_an_unreadable_manifest(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        read(tmp_path, content)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(PluginError, match="cannot be read: IsADirectoryError"):
        read_manifest(tmp_path / FILE_NAME)


@pytest.mark.parametrize(
    ("api", "fits"), [(">=1.0,<2", True), ("==1.0", True), (">=1.1", False), ("<1", False)]
)
def test_the_api_range(api: str, fits: bool) -> None:
    manifest = Manifest(slug="acme", name="Acme", version="1.0.0", api=api)
    if fits:
        manifest.check_api()
        return
    with pytest.raises(PluginError, match=r"but this hub has 1\.0") as caught:
        manifest.check_api()
    assert caught.value.code == "plugin_incompatible"


def test_an_editable_package_is_found_without_running_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "acme_editable"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('was run')")
    (package / FILE_NAME).write_text(GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("acme", "acme_editable.plugin:it", "atlas_hub")
    editable = Distribution.from_name("atlas-hub-stripe")  # its file list knows no acme_editable
    assert find_manifest(entry, editable) == package / FILE_NAME
    assert "acme_editable" not in sys.modules


@pytest.mark.parametrize("value", ["no_such_package", "1bad:x", ":", "json"])
def test_no_manifest(value: str) -> None:
    hub = Distribution.from_name("atlas-hub")
    with pytest.raises(PluginError, match=r"There is no atlas_connector\.toml in the package"):
        find_manifest(EntryPoint("x", value, "atlas_hub"), hub)


def test_our_own_connectors_have_good_manifests() -> None:
    ours = {c.name: c for c in find_candidates() if c.distribution == f"atlas-hub-{c.name}"}
    assert set(ours) == {"stripe", "salesforce", "hubspot", "launchdarkly"}
    for candidate in ours.values():
        assert candidate.check().version == candidate.version
