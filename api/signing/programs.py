"""Run a program that signs: it gets what is signed as input, and its output is the answer.

A program may hang, write without end, or say on standard error what nobody should read: it gets so many seconds, so many
bytes, and is not repeated where it was told a PIN.
"""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.processes.logs import make_line_visible
from api.signing.answers import MAX_ANSWER_BYTES
from api.signing.errors import SignerFailed

#: The number of the descriptor from which the program reads the PIN: neither arguments nor environment hold it.
PIN_VARIABLE: Final = "SHUNZHENG_PIN_FD"
_OWN_VARIABLES: Final = "SHUNZHENG_"  # tokens and password files, which are no business of the program
_MAX_ERROR_BYTES: Final = 4096  # of standard error, of which the last line is repeated
_MAX_SHOWN_CHARS: Final = 200
_PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ProgramOutcome:
    """How a program ended: its exit code, its standard output, and the end of its standard error."""

    exit_code: int
    answer_bytes: bytes
    error_bytes: bytes


def ask_program(
    command: Sequence[str], input_bytes: bytes, max_seconds: float, pin: str | None, folder: Path
) -> bytes:
    """Return what a program that starts in `folder` answers to `input_bytes`. Raises: SignerFailed."""
    outcome = run_program(command, input_bytes, max_seconds, pin, folder)
    if outcome.exit_code:
        raise SignerFailed("refused", _describe_refusal(command[0], outcome, pin))
    return outcome.answer_bytes


def run_program(
    command: Sequence[str],
    input_bytes: bytes,
    max_seconds: float,
    pin: str | None = None,
    folder: Path | None = None,
) -> ProgramOutcome:
    """Return how a program ends that gets `input_bytes` and starts in `folder`. Raises: SignerFailed."""
    with tempfile.TemporaryFile() as input_file, _make_pin_pipe(pin) as pin_descriptor:
        input_file.write(input_bytes)
        input_file.seek(0)
        descriptors = () if pin_descriptor is None else (pin_descriptor,)
        try:
            process = subprocess.Popen(
                command,
                stdin=input_file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=_make_environment(pin_descriptor),
                pass_fds=descriptors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it cannot be named so"
            raise SignerFailed("unreachable", f"{command[0]} cannot be started: {reason}") from error
        with process:
            try:
                answer_bytes, error_bytes = _read_both(process, time.monotonic() + max_seconds, max_seconds)
            finally:
                _kill(process)
    return ProgramOutcome(process.returncode, answer_bytes, error_bytes)


@contextmanager
def _make_pin_pipe(pin: str | None) -> Iterator[int | None]:
    """Give the descriptor from which a PIN can be read once."""
    if pin is None:
        yield None
        return
    reading_end, writing_end = os.pipe()
    try:
        os.write(writing_end, pin.encode() + b"\n")  # a pipe holds thousands of bytes
        os.close(writing_end)
        yield reading_end
    finally:
        os.close(reading_end)


def _make_environment(pin_descriptor: int | None) -> Mapping[str, str]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(_OWN_VARIABLES)}
    return environment if pin_descriptor is None else environment | {PIN_VARIABLE: str(pin_descriptor)}


def _read_both(process: subprocess.Popen[bytes], deadline: float, max_seconds: float) -> tuple[bytes, bytes]:
    """Return standard output whole and the end of standard error, once the program has ended. Raises: SignerFailed."""
    assert process.stdout
    assert process.stderr
    output_bytes, error_bytes = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output_bytes)
        selector.register(process.stderr, selectors.EVENT_READ, error_bytes)
        while selector.get_map():
            for selector_key, _ in selector.select(max(0, deadline - time.monotonic())):
                piece = os.read(selector_key.fd, _PIECE_BYTES)
                selector_key.data.extend(piece)
                if not piece:
                    selector.unregister(selector_key.fileobj)
            del error_bytes[:-_MAX_ERROR_BYTES]
            if len(output_bytes) > MAX_ANSWER_BYTES:
                raise SignerFailed(
                    "too-long", f"the signer answers with more than {MAX_ANSWER_BYTES:,} bytes"
                )
            if selector.get_map() and time.monotonic() >= deadline:
                raise _describe_timeout(max_seconds)
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _describe_timeout(max_seconds) from None
    return bytes(output_bytes), bytes(error_bytes)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started: they have a session of their own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _describe_timeout(max_seconds: float) -> SignerFailed:
    return SignerFailed(
        "timeout", f"the signer did not answer within {max_seconds:g} s: check it, or raise `seconds`"
    )


def _describe_refusal(program: str, outcome: ProgramOutcome, pin: str | None) -> str:
    refusal = f"{program} did not sign (exit code {outcome.exit_code})"
    error_lines = outcome.error_bytes.decode("utf-8", "replace").strip().splitlines()
    if pin is not None:
        return f"{refusal}. What it says is not repeated here, for it was told the PIN: run it by hand"
    return f"{refusal}: {make_line_visible(error_lines[-1][:_MAX_SHOWN_CHARS])}" if error_lines else refusal
