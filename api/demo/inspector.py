"""A chapter of the demo: an inspector in the field, with a snapshot and no network."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anchoring.checkpoints.files import read_chunks
from anchoring.errors import AnchoringError
from api.demo.stage import City
from api.demo.waiting import PATIENCE_SECONDS, wait_until
from api.node.keys import load_node_key
from api.node.loading import load_settings
from ledger.crypto.keys import PrivateKey
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.times import format_time
from ledger.registry import acts
from ledger.registry.acts import Event
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import read_events, read_header, write_snapshot
from ledger.registry.trust_files import TrustedCosigner, TrustFile, count_majority

if TYPE_CHECKING:
    from api.node.settings import Settings

DAY_SECONDS: Final = 86_400
#: The command line without sockets: whatever would ask anybody fails at once.
_OFFLINE_PROGRAM: Final = """
import socket, sys
class Refused(socket.socket):
    def __init__(self, *_, **__): raise OSError("there is no network here")
socket.socket = Refused
from api.cli import main
sys.exit(main(sys.argv[1:]))
"""


class InspectionFailed(AnchoringError):
    """Something else happened than what the chapter tells."""


@dataclass(slots=True)
class Inspector:
    """Somebody with a laptop (a folder), a trust file on it, a stick, a certificate in hand, and nobody to ask."""

    cities: Sequence[City]
    laptop_folder: Path
    tell: Callable[[str], None]
    results_by_description: dict[str, Json] = field(default_factory=dict)

    @property
    def snapshot_path(self) -> Path:
        return self.laptop_folder / "usb-stick" / "registry.snapshot"

    @property
    def trust_path(self) -> Path:
        return self.laptop_folder / "trust.json"

    def prepare(self) -> None:
        """Let the cities cosign one checkpoint, and write snapshot and trust file. Raises: InspectionFailed."""
        self.snapshot_path.parent.mkdir(parents=True, exist_ok=True)
        self._wait_until(self._cosign_all, "cosignatures of all cities")
        settings_of_nodes = [load_settings(city.directory) for city in self.cities]
        cosigners = tuple(
            TrustedCosigner(city.title, _load_key(settings).public)
            for city, settings in zip(self.cities, settings_of_nodes, strict=True)
        )
        trust_file = TrustFile(settings_of_nodes[0].registry, cosigners, count_majority(len(cosigners)))
        self.trust_path.write_bytes(encode_canonical(trust_file.to_json()))
        self._run(
            "snapshot",
            "export",
            self.cities[-1].directory,
            "-o",
            self.snapshot_path,
            "--cosigned",
            len(cosigners),
        )
        snapshot_size_bytes = self.snapshot_path.stat().st_size
        self.results_by_description["snapshot bytes"] = snapshot_size_bytes
        self.tell(
            f"   {snapshot_size_bytes:,} bytes on the stick, signed by {'、'.join(city.title for city in self.cities)}"
        )

    def inspect(
        self, proof_bytes: bytes, claims: dict[str, Json], document_bytes: bytes | None = None
    ) -> None:
        """Verify a certificate in the field: today, a day later under two policies, and with a forged snapshot."""
        certificate_options = self._write_certificate(proof_bytes, claims, document_bytes)
        known_at = read_header(read_chunks(self.snapshot_path)).checkpoint.time
        time_options = ("--at", format_time(known_at + DAY_SECONDS))
        self._expect("with the snapshot", 0, "(snapshot)", *certificate_options, "--policy", "field")
        self._expect(
            "a day later, field policy", 0, "", *certificate_options, "--policy", "field", *time_options
        )
        strict_output = self._expect(
            "a day later, strict policy",
            12,
            "known until",
            *certificate_options,
            "--policy",
            "high-value",
            *time_options,
        )
        known_line = next(line.strip() for line in strict_output.splitlines() if "known until" in line)
        self.tell(f"   under the strict policy, a day later: {known_line}")
        genuine_snapshot_bytes = self.snapshot_path.read_bytes()
        self._forge()
        self._expect(
            "with a snapshot forged by one city",
            1,
            "below_threshold",
            *certificate_options,
            "--policy",
            "field",
        )
        self.snapshot_path.write_bytes(genuine_snapshot_bytes)
        self._expect("with the genuine one again", 0, "", *certificate_options, "--policy", "field")
        self.tell("   a snapshot forged by one city is refused; what was seen before stays")

    def _cosign_all(self) -> bool:
        """Let one city sign and each further one cosign; False where one is not so far yet."""
        of_options: tuple[object, ...] = ()
        for city in self.cities:
            checkpoint_path = self.laptop_folder / f"{city.name}.checkpoint.json"
            if self._run_command(
                "checkpoint", "sign", city.directory, *of_options, "-o", checkpoint_path
            ).returncode:
                return False
            of_options = ("--of", checkpoint_path)
        return True

    def _write_certificate(
        self, proof_bytes: bytes, claims: dict[str, Json], document_bytes: bytes | None
    ) -> tuple[object, ...]:
        proof_path, claims_path = (
            self.laptop_folder / "certificate.proof.json",
            self.laptop_folder / "certificate.claims.json",
        )
        proof_path.write_bytes(proof_bytes)
        claims_path.write_bytes(encode_canonical(claims))
        options = (
            "--proof",
            proof_path,
            "--snapshot",
            self.snapshot_path,
            "--trust",
            self.trust_path,
            "--lang",
            "en",
        )
        if document_bytes is None:
            return (*options, "--claims", claims_path)
        document_path = self.laptop_folder / "certificate"
        document_path.write_bytes(document_bytes)
        return (document_path, *options)

    def _forge(self) -> None:
        """Write the snapshot that one city could make alone: one act more, signed with its own node's key."""
        city = self.cities[-1]
        node_key = _load_key(load_settings(city.directory))
        header, events = (
            read_header(read_chunks(self.snapshot_path)),
            list(read_events(read_chunks(self.snapshot_path))),
        )
        fold = Fold(header.after_head)
        for event in events:
            fold.extend(event)
        act = acts.OperatorSet(city.name, "0x" + "66" * 20)
        forged_event = Event(
            fold.event_number + 1, act.KIND, fold.block_number, fold.time, act.encode(), fold.block_number + 1
        )
        fold.extend(forged_event)
        checkpoint = replace(
            header.checkpoint,
            event_number=fold.event_number,
            head=fold.head,
            block_number=fold.block_number,
            time=fold.time,
        )
        cosigned_checkpoint = CosignedCheckpoint.of(checkpoint, [Cosignature.make(node_key, checkpoint)])
        forged_header = replace(header, cosigned_checkpoint=cosigned_checkpoint)
        self.snapshot_path.write_bytes(b"".join(write_snapshot(forged_header, [*events, forged_event])))

    def _expect(self, description: str, expected_code: int, expected_text: str, *arguments: object) -> str:
        completed_process = self._run_command("verify", *arguments, is_offline=True)
        output = completed_process.stdout + completed_process.stderr
        if completed_process.returncode != expected_code or expected_text not in output:
            raise InspectionFailed(
                f"{description}: exit code {completed_process.returncode} instead of {expected_code}: {output[-500:]}"
            )
        self.results_by_description[description] = completed_process.returncode
        return output

    def _run(self, *arguments: object) -> None:
        completed_process = self._run_command(*arguments)
        if completed_process.returncode:
            raise InspectionFailed(
                f"shunzheng {arguments[0]} {arguments[1]}: {completed_process.stderr[-500:]}"
            )

    def _run_command(
        self, *arguments: object, is_offline: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        program_options = ["-c", _OFFLINE_PROGRAM] if is_offline else ["-m", "api.cli"]
        command_words = [
            *(_find_network_isolation() if is_offline else ()),
            sys.executable,
            *program_options,
            *map(str, arguments),
        ]
        return subprocess.run(command_words, capture_output=True, text=True, check=False)

    def _wait_until(self, is_fulfilled: Callable[[], bool], description: str) -> None:
        if not wait_until(is_fulfilled, description, self.tell):
            raise InspectionFailed(f"{description} did not come within {PATIENCE_SECONDS:g} s")


def _load_key(settings: "Settings") -> PrivateKey:
    node_key = load_node_key(settings)
    if node_key is None:
        raise InspectionFailed(f"the node in {settings.directory} has no key")
    return node_key


@cache
def _find_network_isolation() -> tuple[str, ...]:
    """Return the command that leaves a process no network at all, where this machine permits it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    isolation_command = (unshare, "--map-root-user", "--net")
    return (
        isolation_command
        if subprocess.run([*isolation_command, "true"], capture_output=True, check=False).returncode == 0
        else ()
    )
