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
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.times import format_time
from ledger.registry import acts
from ledger.registry.acts import Event
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint
from ledger.registry.knowledge import Fold
from ledger.registry.snapshots import read_events, read_header, write_snapshot
from ledger.registry.trust_files import Cosigner, TrustFile, count_majority

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
    laptop: Path
    tell: Callable[[str], None]
    results: dict[str, Json] = field(default_factory=dict)

    @property
    def snapshot(self) -> Path:
        return self.laptop / "usb-stick" / "registry.snapshot"

    @property
    def trust(self) -> Path:
        return self.laptop / "trust.json"

    def prepare(self) -> None:
        """Let the cities cosign one checkpoint, and write snapshot and trust file. Raises: InspectionFailed."""
        self.snapshot.parent.mkdir(parents=True, exist_ok=True)
        self._until(self._cosigned, "cosignatures of all cities")
        settings = [load_settings(city.directory) for city in self.cities]
        cosigners = tuple(
            Cosigner(city.title, _load_key(node).public)
            for city, node in zip(self.cities, settings, strict=True)
        )
        trust_file = TrustFile(settings[0].registry, cosigners, count_majority(len(cosigners)))
        self.trust.write_bytes(canonical(trust_file.to_json()))
        self._run(
            "snapshot", "export", self.cities[-1].directory, "-o", self.snapshot, "--cosigned", len(cosigners)
        )
        snapshot_bytes = self.snapshot.stat().st_size
        self.results["snapshot bytes"] = snapshot_bytes
        self.tell(
            f"   {snapshot_bytes:,} bytes on the stick, signed by {'、'.join(city.title for city in self.cities)}"
        )

    def inspect(self, proof: bytes, claims: dict[str, Json], document: bytes | None = None) -> None:
        """Verify a certificate in the field: today, a day later under two policies, and with a forged snapshot."""
        certificate_options = self._certificate(proof, claims, document)
        known_at = read_header(read_chunks(self.snapshot)).checkpoint.time
        time_option = ("--at", format_time(known_at + DAY_SECONDS))
        self._expect("with the snapshot", 0, "(snapshot)", *certificate_options, "--policy", "field")
        self._expect(
            "a day later, field policy", 0, "", *certificate_options, "--policy", "field", *time_option
        )
        strict_output = self._expect(
            "a day later, strict policy",
            12,
            "known until",
            *certificate_options,
            "--policy",
            "high-value",
            *time_option,
        )
        known_line = next(line.strip() for line in strict_output.splitlines() if "known until" in line)
        self.tell(f"   under the strict policy, a day later: {known_line}")
        genuine_snapshot = self.snapshot.read_bytes()
        self._forge()
        self._expect(
            "with a snapshot forged by one city",
            1,
            "below_threshold",
            *certificate_options,
            "--policy",
            "field",
        )
        self.snapshot.write_bytes(genuine_snapshot)
        self._expect("with the genuine one again", 0, "", *certificate_options, "--policy", "field")
        self.tell("   a snapshot forged by one city is refused; what was seen before stays")

    def _cosigned(self) -> bool:
        """Let one city sign and each further one cosign; False where one is not so far yet."""
        of_option: tuple[object, ...] = ()
        for city in self.cities:
            file = self.laptop / f"{city.name}.checkpoint.json"
            if self._command("checkpoint", "sign", city.directory, *of_option, "-o", file).returncode:
                return False
            of_option = ("--of", file)
        return True

    def _certificate(
        self, proof: bytes, claims: dict[str, Json], document: bytes | None
    ) -> tuple[object, ...]:
        proof_path, claims_path = (
            self.laptop / "certificate.proof.json",
            self.laptop / "certificate.claims.json",
        )
        proof_path.write_bytes(proof)
        claims_path.write_bytes(canonical(claims))
        options = ("--proof", proof_path, "--snapshot", self.snapshot, "--trust", self.trust, "--lang", "en")
        if document is None:
            return (*options, "--claims", claims_path)
        document_path = self.laptop / "certificate"
        document_path.write_bytes(document)
        return (document_path, *options)

    def _forge(self) -> None:
        """Write the snapshot that one city could make alone: one act more, signed with its own node's key."""
        city = self.cities[-1]
        key = _load_key(load_settings(city.directory))
        header, events = (
            read_header(read_chunks(self.snapshot)),
            list(read_events(read_chunks(self.snapshot))),
        )
        fold = Fold(header.after_head)
        for event in events:
            fold.extend(event)
        act = acts.OperatorSet(city.name, "0x" + "66" * 20)
        forged_event = Event(
            fold.event_number + 1, act.KIND, fold.block, fold.time, act.encode(), fold.block + 1
        )
        fold.extend(forged_event)
        checkpoint = replace(
            header.checkpoint,
            event_number=fold.event_number,
            head=fold.head,
            block=fold.block,
            time=fold.time,
        )
        cosigned_checkpoint = CosignedCheckpoint.of(checkpoint, [Cosignature.make(key, checkpoint)])
        forged_header = replace(header, cosigned_checkpoint=cosigned_checkpoint)
        self.snapshot.write_bytes(b"".join(write_snapshot(forged_header, [*events, forged_event])))

    def _expect(self, description: str, expected_code: int, expected_text: str, *arguments: object) -> str:
        process = self._command("verify", *arguments, offline=True)
        output = process.stdout + process.stderr
        if process.returncode != expected_code or expected_text not in output:
            raise InspectionFailed(
                f"{description}: exit code {process.returncode} instead of {expected_code}: {output[-500:]}"
            )
        self.results[description] = process.returncode
        return output

    def _run(self, *arguments: object) -> None:
        process = self._command(*arguments)
        if process.returncode:
            raise InspectionFailed(f"shunzheng {arguments[0]} {arguments[1]}: {process.stderr[-500:]}")

    def _command(self, *arguments: object, offline: bool = False) -> "subprocess.CompletedProcess[str]":
        start = ["-c", _OFFLINE_PROGRAM] if offline else ["-m", "api.cli"]
        command = [
            *(_find_network_isolation() if offline else ()),
            sys.executable,
            *start,
            *map(str, arguments),
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def _until(self, is_fulfilled: Callable[[], bool], description: str) -> None:
        if not wait_until(is_fulfilled, description, self.tell):
            raise InspectionFailed(f"{description} did not come within {PATIENCE_SECONDS:g} s")


def _load_key(settings: "Settings") -> PrivateKey:
    key = load_node_key(settings)
    if key is None:
        raise InspectionFailed(f"the node in {settings.directory} has no key")
    return key


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
