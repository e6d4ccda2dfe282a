"""The language host, spoken to as the engine does: a process of its own, over gRPC."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from engine import install

HOST = install.FOLDER / "language_host.py"


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(HOST), "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def host(process: subprocess.Popen[str]) -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    assert process.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)


def info(folder: Path, **options: str) -> language_pb2.ProgramInfo:
    given = struct_pb2.Struct()
    given.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=".", options=given
    )


def plugin(
    host: language_pb2_grpc.LanguageRuntimeStub, folder: Path, code: str
) -> list[language_pb2.RunPluginResponse]:
    (folder / "__main__.py").write_text(code)
    request = language_pb2.RunPluginRequest(
        pwd=str(folder), kind="resource", args=["one"], env=["GIVEN=yes=no"], info=info(folder)
    )
    return list(host.RunPlugin(request))


def test_it_answers_with_the_version_of_the_engine(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert f"v{host.GetPluginInfo(empty_pb2.Empty()).version}" == install.PINNED


def test_it_names_the_providers_that_installed_packages_need(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    packages = host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info(tmp_path))).packages
    found = {package.name: package.version for package in packages}
    assert {"aws", "random"} <= set(found)
    assert found["aws"].startswith("v7.")


def test_it_reads_the_packages_of_the_named_virtual_environment(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "environment")], check=True)
    site = next((tmp_path / "environment").glob("lib/python*/site-packages"))
    (site / "pulumi_cloud").mkdir()
    (site / "pulumi_cloud/pulumi-plugin.json").write_text('{"resource": true, "name": "cloud", "version": "1.2.3"}')
    request = language_pb2.GetRequiredPackagesRequest(info=info(tmp_path, virtualenv="environment"))
    assert [(package.name, package.version) for package in host.GetRequiredPackages(request).packages] == [
        ("cloud", "v1.2.3")
    ]
    about = host.About(language_pb2.AboutRequest(info=info(tmp_path, virtualenv="environment")))
    assert about.executable == str(tmp_path / "environment/bin/python")
    assert about.version == ".".join(map(str, sys.version_info[:3]))


def test_a_missing_virtual_environment_is_named_without_a_traceback(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    answer = host.Run(language_pb2.RunRequest(pwd=str(tmp_path), info=info(tmp_path, virtualenv="nowhere")))
    assert str(tmp_path / "nowhere") in answer.error
    assert "Traceback" not in answer.error
    with pytest.raises(grpc.RpcError) as caught:
        host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info(tmp_path, virtualenv="nowhere")))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_an_unknown_runtime_option_is_refused(host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path) -> None:
    answer = host.Run(language_pb2.RunRequest(pwd=str(tmp_path), info=info(tmp_path, typechecker="mypy")))
    assert "typechecker" in answer.error


def test_a_plugin_gets_its_arguments_and_environment_and_its_output_is_streamed(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    code = "import os, sys\nprint(sys.argv[1], os.environ['GIVEN'])\nprint('wrong', file=sys.stderr)\nsys.exit(3)\n"
    answers = plugin(host, tmp_path, code)
    assert b"".join(answer.stdout for answer in answers) == b"one yes=no\n"
    assert b"".join(answer.stderr for answer in answers) == b"wrong\n"
    assert answers[-1].exitcode == 3


def test_a_plugin_ends_when_the_engine_gives_it_up(host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    request = language_pb2.RunPluginRequest(pwd=str(tmp_path), kind="resource", info=info(tmp_path))
    answers = host.RunPlugin(request)
    pid = int(next(answers).stdout)
    answers.cancel()
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists():
            return
        signal.sigtimedwait([], 0.1)
    pytest.fail("the plugin still runs")


def test_installing_a_folder_that_asks_for_nothing_does_nothing(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    request = language_pb2.InstallDependenciesRequest(directory=str(tmp_path), info=info(tmp_path))
    assert list(host.InstallDependencies(request)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_when_interrupted(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, str(HOST), "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, number)
        try:
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert errors == ""
    assert process.returncode == 0


def test_it_ends_with_a_killed_engine() -> None:
    command = [sys.executable, str(HOST), "127.0.0.1:1"]
    engine = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", engine], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        assert process.stdout.read() == b"", "its end of the pipe closes when the language host has ended"
