"""Where the engine comes from: PATH, the cache, or a build, told apart with stand-ins for `pulumi` and `go`."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from rich.console import Console

from engine import install

GO = """\
#!/bin/sh
case "$1" in
  version) echo "go version go{version} linux/amd64" ;;
  list)
    if [ "$2" = -m ]; then echo "$SDK_FOLDER"; else echo some/package; fi ;;
  build)
    echo built >> "$BUILDS"
    echo "github.com/pulumi/pulumi/pkg/v3" >&2
    while [ "$1" != -o ]; do shift; done
    sleep 0.3
    {build} ;;
esac
"""


def script(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a shell and nothing else on PATH; `bin/` is for what a test installs."""
    for tool in ("sh", "sleep", "cat", "dirname"):
        real = next(Path(folder) / tool for folder in ("/bin", "/usr/bin") if (Path(folder) / tool).exists())
        (tmp_path / "system").mkdir(exist_ok=True)
        (tmp_path / "system" / tool).symlink_to(real)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{tmp_path / 'system'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv("SDK_FOLDER", str(tmp_path / "sdk"))
    monkeypatch.setattr(install, "USUAL_GO", tmp_path / "no-go")
    script(tmp_path / "sdk" / install.EXECUTOR, "# runs programs\n")
    return tmp_path


def pulumi(machine: Path, version: str, *, language_host: bool = True) -> Path:
    if language_host:
        script(machine / "bin/pulumi-language-python", "#!/bin/sh\n")
    return script(machine / "bin/pulumi", f"#!/bin/sh\necho {version}\n")


def go(machine: Path, version: str = "1.26.1", build: str = 'echo engine > "$2"') -> None:
    script(machine / "bin/go", GO.replace("{version}", version).replace("{build}", build))


def quiet() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize("version", ["v3.259.0", "v3.272.1", "v3.300.0-alpha.1"])
def test_a_supported_official_engine_on_path_is_used(machine: Path, version: str) -> None:
    path = pulumi(machine, version)
    assert install.find() == install.Engine(pulumi=path, version=version, official=True)


@pytest.mark.parametrize("version", ["v3.258.9", "v2.300.0", "v4.0.0", "nonsense"])
def test_an_official_engine_of_another_version_is_not(machine: Path, version: str) -> None:
    pulumi(machine, version)
    assert install.find() is None


def test_an_official_engine_without_its_python_language_host_is_not_used(machine: Path) -> None:
    pulumi(machine, "v3.272.0", language_host=False)
    assert install.find() is None


def test_without_pulumi_and_go_the_error_says_how_to_get_either(machine: Path) -> None:
    with pytest.raises(install.EngineError) as caught:
        install.install(quiet())
    message = str(caught.value)
    assert "neither a Pulumi CLI nor Go" in message
    assert "https://www.pulumi.com/docs/iac/download-install/" in message
    assert "https://go.dev/doc/install" in message


def test_an_old_go_and_an_old_pulumi_are_both_named(machine: Path) -> None:
    pulumi(machine, "v3.100.0")
    go(machine, version="1.19.8")
    with pytest.raises(install.EngineError, match=r"older than Go 1\.21.*v3\.100\.0") as caught:
        install.install(quiet())
    assert str(machine / "bin/go") in str(caught.value)


def test_a_build_puts_the_engine_and_the_language_host_in_the_users_cache(machine: Path) -> None:
    go(machine)
    engine = install.install(quiet())
    folder = machine / "cache/phi-platform/engine" / install.PINNED
    assert engine == install.Engine(pulumi=folder / "pulumi", version=install.PINNED, official=False)
    assert sorted(path.name for path in folder.iterdir()) == [
        "language_host.py",
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ]
    assert os.access(folder / "pulumi-language-python", os.X_OK)


def test_a_built_engine_is_not_built_again(machine: Path) -> None:
    go(machine)
    install.install(quiet())
    install.install(quiet())
    assert (machine / "builds").read_text() == "built\n"


def test_two_runs_at_once_build_once(machine: Path) -> None:
    go(machine)
    runs = [threading.Thread(target=install.install, args=(quiet(),)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert (machine / "builds").read_text() == "built\n"
    assert install.find() is not None


def test_a_failed_build_shows_its_last_lines_and_leaves_nothing(machine: Path) -> None:
    go(machine, build='echo "no space left on device" >&2; exit 1')
    with pytest.raises(install.EngineError, match="no space left on device"):
        install.install(quiet())
    assert install.find() is None
    assert [path.name for path in (machine / "cache/phi-platform/engine").iterdir()] == [f"{install.PINNED}.lock"]


def test_what_a_killed_build_left_is_removed_by_the_next(machine: Path) -> None:
    go(machine)
    left = machine / "cache/phi-platform/engine" / f".{install.PINNED}-killed"
    left.mkdir(parents=True)
    install.install(quiet())
    assert not left.exists()


def test_the_language_host_of_this_checkout_replaces_an_older_one(machine: Path) -> None:
    go(machine)
    engine = install.install(quiet())
    (engine.pulumi.parent / "language_host.py").write_text("# older\n")
    install.find()
    assert (engine.pulumi.parent / "language_host.py").read_text() == (install.FOLDER / "language_host.py").read_text()


def test_the_pinned_version_is_the_one_go_mod_names() -> None:
    modules = (install.FOLDER / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 {install.PINNED}" in modules
    assert f"{install.SDK} {install.PINNED}" in modules
