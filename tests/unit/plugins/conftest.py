"""Small packages, laid out as pip would, on the path of this process."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Yield a function that installs a package with one entry point."""
    site = tmp_path / "site"
    site.mkdir()
    installed = set[str]()
    monkeypatch.syspath_prepend(site)

    def install(name: str, source: str, *, distribution: str = "", manifest: str = "") -> Path:
        distribution = distribution or f"unit-{name}"
        module = distribution.replace("-", "_")
        package, info = site / module, site / f"{module}-1.0.dist-info"
        installed.add(module)
        package.mkdir()
        info.mkdir()
        (package / "__init__.py").write_text(source)
        head = f'slug = "{name}"\nname = "{name}"\nversion = "1.0"\napi = ">=1"\n'
        (package / "atlas_connector.toml").write_text(head + manifest)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[atlas_hub]\n{name} = {module}\n")
        return package

    yield install
    for name in [name for name in sys.modules if name.partition(".")[0] in installed]:
        del sys.modules[name]
