"""A Pulumi language host for Python programs and policy packs, for an engine that was built from Go modules.

The official host comes only with Pulumi's release archives. The engine starts this one as
`pulumi-language-python ENGINE_ADDRESS` (the launcher that `engine.install` writes), reads a port from the first
line of stdout, and speaks `pulumirpc.LanguageRuntime` on it. The file is copied beside the engine, so it stands
alone: it needs only the `pulumi` package.

Source: `pulumi/proto/language.proto` of the Pulumi SDK.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent import futures
from pathlib import Path
from typing import IO

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

VERSION = "3.259.0"
EXECUTOR = Path(__file__).with_name("pulumi-language-python-exec")

# The exit code of a program that has already shown its error to the user (pulumi-language-python-exec).
ALREADY_SHOWN = 32

TERMINATE_SECONDS = 3.0

# How often we look whether the engine still lives.
PARENT_SECONDS = 1.0


class HostError(Exception):
    """What the user has to change before the program or the policy pack can run; one sentence."""


def interpreter(info: language_pb2.ProgramInfo) -> str:
    """The Python that runs a program: the one of the `virtualenv` option of its project file, else this host's own.

    A relative `virtualenv` starts from the folder of the project file (`Pulumi.yaml`, `PulumiPolicy.yaml`).
    Raises HostError when the named virtual environment does not exist, or the option is not one this host knows.
    """
    options = dict(info.options.items())
    unknown = sorted(set(options) - {"virtualenv", "toolchain"})
    if unknown:
        raise HostError(
            f"runtime options not supported by this language host: {', '.join(unknown)}; remove them, or use "
            "the official Pulumi CLI"
        )
    virtualenv = options.get("virtualenv")
    if virtualenv is None and options.get("toolchain") == "uv":
        virtualenv = ".venv"
    if virtualenv is None:
        return sys.executable
    folder = Path(info.root_directory) / str(virtualenv)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise HostError(
            f"virtual environment {folder} not found (runtime option `virtualenv`); create it first, here "
            "with `make setup`, elsewhere with `python3 -m venv` and your requirements"
        )
    return str(python)


def packages_path(python: str) -> list[str]:
    """The folders in which the interpreter `python` finds its packages, without starting it."""
    if python == sys.executable:
        return [entry for entry in sys.path if entry]
    prefix = Path(python).parent.parent
    return [
        str(folder)
        for folder in (*prefix.glob("lib/python*/site-packages"), prefix / "Lib/site-packages")
        if folder.is_dir()
    ]


def required_packages(python: str) -> list[plugin_pb2.PackageDependency]:
    """The resource providers that the installed `pulumi_*` packages ask for in their `pulumi-plugin.json`."""
    found: dict[str, plugin_pb2.PackageDependency] = {}
    for folder in packages_path(python):
        for file in sorted(Path(folder).glob("*/pulumi-plugin.json")):
            plugin = json.loads(file.read_text())
            if plugin.get("resource") and plugin.get("name"):
                found.setdefault(
                    plugin["name"],
                    plugin_pb2.PackageDependency(
                        name=plugin["name"],
                        kind="resource",
                        version=f"v{plugin.get('version', '').removeprefix('v')}",
                        server=plugin.get("server", ""),
                    ),
                )
    return list(found.values())


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, then make it end."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def program_of(info: language_pb2.ProgramInfo) -> str:
    return str(Path(info.program_directory) / info.entry_point)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs and policy packs for one engine, each in a process of its own."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._processes: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """End every process this host started."""
        for process in list(self._processes):
            end(process)

    @contextlib.contextmanager
    def _process(
        self,
        context: grpc.ServicerContext,
        command: list[str],
        *,
        cwd: str,
        env: dict[str, str] | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Generator[subprocess.Popen[bytes]]:
        """A child that ends with the call, whether the call returns or the engine gives it up."""
        process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        self._processes.add(process)
        context.add_callback(lambda: end(process))
        try:
            yield process
        finally:
            end(process)
            self._processes.discard(process)

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        with refusing(context):
            return language_pb2.GetRequiredPackagesResponse(packages=required_packages(interpreter(request.info)))

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        with refusing(context):
            installed = importlib.metadata.distributions(path=packages_path(interpreter(request.info)))
            versions = {distribution.name: distribution.version for distribution in installed}
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version) for name, version in sorted(versions.items())
            ]
        )

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        with refusing(context):
            python = interpreter(request.info)
        version = subprocess.run(
            [python, "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        return language_pb2.AboutResponse(executable=python, version=version)

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """`pulumi install`: what the folder's lock file or requirements file asks for, into its environment."""
        directory = Path(request.directory)
        with refusing(context):
            steps = installation(directory, str(dict(request.info.options.items()).get("virtualenv", ".venv")))
        for command in steps:
            with self._process(
                context, command, cwd=request.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    yield language_pb2.InstallDependenciesResponse(stdout=line)
                if process.wait():
                    context.abort(grpc.StatusCode.UNKNOWN, f"{command[0]} ended with exit code {process.returncode}")

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run the program once; its resources reach the engine through the monitor, its prints through our stdout."""
        if request.attach_debugger:
            return language_pb2.RunResponse(error="--attach-debugger needs the official Pulumi CLI")
        try:
            python = interpreter(request.info)
        except HostError as error:
            return language_pb2.RunResponse(error=str(error))
        command = [
            python, "-u", str(EXECUTOR),
            "--monitor", request.monitor_address, "--engine", self._engine_address,
            "--project", request.project, "--stack", request.stack, "--organization", request.organization,
            "--pwd", request.pwd, "--dry_run", "true" if request.dryRun else "false",
            "--parallel", str(request.parallel), "--root_directory", request.info.root_directory,
            program_of(request.info), *request.args,
        ]  # fmt: skip
        environment = dict(
            os.environ,
            PULUMI_CONFIG=json.dumps(dict(request.config)),
            PULUMI_CONFIG_SECRET_KEYS=json.dumps(list(request.configSecretKeys)),
        )
        with self._process(context, command, cwd=request.pwd, env=environment) as process:
            code = process.wait()
        if code == ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        if code < 0:
            return language_pb2.RunResponse(error=f"the program was ended by {signal.Signals(-code).name}")
        return language_pb2.RunResponse(error=f"the program ended with exit code {code}" if code else "")

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack (kind `analyzer`), or any other plugin written in Python, and stream what it prints."""
        with refusing(context):
            python = interpreter(request.info)
        program = program_of(request.info)
        script = (
            ["-m", "pulumi.policy", *request.args, program] if request.kind == "analyzer" else [program, *request.args]
        )
        environment = dict(entry.split("=", 1) for entry in request.env) if request.env else None
        with self._process(
            context,
            [python, "-u", *script],
            cwd=request.pwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            yield from printed(process)
            yield language_pb2.RunPluginResponse(exitcode=process.wait())

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.stop()
        return empty_pb2.Empty()


@contextlib.contextmanager
def refusing(context: grpc.ServicerContext) -> Generator[None]:
    """Turn a HostError into the status that the engine shows as its message, without a traceback."""
    try:
        yield
    except HostError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def installation(directory: Path, virtualenv: str) -> list[list[str]]:
    """The commands that install what `directory` asks for: its uv.lock, else its requirements.txt, else nothing."""
    if (directory / "uv.lock").exists():
        uv = shutil.which("uv")
        if uv is None:
            raise HostError(
                f"{directory} is locked with uv.lock and there is no `uv` on PATH; install it with `pip install uv`"
            )
        return [[uv, "sync", "--locked"]]
    if (directory / "requirements.txt").exists():
        folder = directory / virtualenv
        return [
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin/python"), "-m", "pip", "install", "-r", "requirements.txt"],
        ]
    return []


def printed(process: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """What a process prints, as it prints it, until both of its streams are closed."""
    lines: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()

    def pump(stream: IO[bytes], response: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        for line in stream:
            lines.put(response(line))
        lines.put(None)

    assert process.stdout is not None
    assert process.stderr is not None
    threading.Thread(
        target=pump, daemon=True, args=(process.stdout, lambda line: language_pb2.RunPluginResponse(stdout=line))
    ).start()
    threading.Thread(
        target=pump, daemon=True, args=(process.stderr, lambda line: language_pb2.RunPluginResponse(stderr=line))
    ).start()
    open_streams = 2
    while open_streams:
        line = lines.get()
        if line is None:
            open_streams -= 1
        else:
            yield line


def main() -> None:
    """Serve until the engine interrupts us (SIGINT), dies, or we are asked to end (SIGTERM); all end quietly."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell that runs us in the background has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    host = LanguageHost(arguments[-1] if arguments else "")
    server = grpc.server(futures.ThreadPoolExecutor(16))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    engine = os.getppid()
    # A killed engine cannot tell us to end; it shows in that we have another parent.
    with contextlib.suppress(KeyboardInterrupt):
        server.start()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        while os.getppid() == engine:
            server.wait_for_termination(timeout=PARENT_SECONDS)
    host.stop()
    server.stop(grace=None)


if __name__ == "__main__":
    main()
