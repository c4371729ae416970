"""The story of the demo: Wuhan verifies what Tianmen registered while Tianmen is silent.

Every claim that the story makes is checked as it is told: an outcome other than the one that is told ends it with an error.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from anchoring.errors import AnchoringError, TransactionRejected
from api.client.client import NodeClient
from api.demo.founding import Founding
from api.demo.holders import EXAMPLES, Holding, encode_request, group_by_issuer, make_forgeries, write_proof
from api.demo.importing import Importing
from api.demo.inspector import Inspector
from api.demo.recovery import InsistentClient, Watch, insist
from api.demo.sealing import GENUINE_FILE, Sealing
from api.demo.stage import City, Stage
from api.demo.waiting import PATIENCE_SECONDS, wait_until
from api.department.drafting import draft
from api.department.sending import ask_target
from api.files import write as write_file
from api.paper.pages import write_paper
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import parse_digest
from ledger.encoding.canonical import Json
from ledger.proof.proof import decode_proof
from ledger.registry import acts

_PARALLEL_REQUESTS: Final = 4  # requests for proofs under way
_BATCH_PROOFS: Final = 100  # proofs verified by one request

T = TypeVar("T")


class StoryFailed(AnchoringError):
    """Something else happened than what the story tells."""


@dataclass(slots=True)
class Story:
    """Plays on a stage and tells as it goes."""

    stage: Stage
    tell: Callable[[str], None]
    cities: list[City] = field(default_factory=list)
    private_keys: dict[str, PrivateKey] = field(default_factory=dict)
    seconds_by_phase: dict[str, float] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons_by_forgery: dict[str, str] = field(default_factory=dict)
    holdings: list[Holding] = field(default_factory=list)
    watch: Watch | None = None
    sealing: Sealing | None = None
    importing: Importing | None = None

    def play(self) -> dict[str, Json]:
        """Play the whole story and return the summary. Raises: StoryFailed."""
        self.watch = Watch(self.stage, self.cities, self.tell)
        self.watch.start()
        with self._tell_phase(
            "registry", "1. The province deploys the registry and admits the logs of two cities."
        ):
            founding = Founding(self.stage, self.cities, self.private_keys, self.tell)
            self.sealing = founding.found()
        tianmen, wuhan = self.cities
        with self._tell_phase("nodes", "2. Each city starts its node, with databases of its own."):
            for city in self.cities:
                city.launch()
            for city in self.cities:
                city.wait_ready()
                self.tell(f"   {city.title}: {city.url}")
        with self._tell_phase(
            "registration", "3. Departments of Tianmen sign their licences with SM2 and hand them in."
        ):
            licence_ids = self._register(tianmen, "licences.ndjson")
            self._import(tianmen)
        with self._tell_phase("anchoring", "4. Tianmen's node anchors them in batches."):
            self._wait(tianmen, licence_ids, "frozen", "submitted", "mined", "final")
            document_ids = self._register(tianmen, "with-documents.ndjson")
            sealing_ids = self._run_sealing(tianmen, Sealing.register)
            self._wait(tianmen, licence_ids + document_ids + sealing_ids, "final")
            self._tell_anchors(tianmen)
            destruction_id = self._run_sealing(tianmen, Sealing.destroy)
            self._wait(tianmen, [destruction_id], "frozen", "submitted", "mined", "final")
            self._run_sealing(tianmen, Sealing.backdate)
        with self._tell_phase("proofs", "5. Every holder gets a proof, a file that stands by itself."):
            self._write_proofs(tianmen)
            self._wait(tianmen, [destruction_id], "final")
            self._run_sealing(tianmen, Sealing.collect, self._read_token())
            self._wait_known(wuhan, tianmen)
        self.tell("6. Tianmen's node is switched off. Nobody can be asked any more.")
        tianmen.stop()
        with self._tell_phase(
            "verification", "7. A counter in Wuhan verifies every one of them from what Wuhan knows itself."
        ):
            self._verify_all(wuhan)
            self._run_sealing(wuhan, Sealing.verify)
        with self._tell_phase("forgeries", "8. Then come the ones that should not pass."):
            self._try_forgeries(wuhan)
        with self._tell_phase("revocation", "9. Tianmen comes back and revokes one licence."):
            self._revoke(tianmen, wuhan)
        with self._tell_phase(
            "inspection", "10. An inspector in the field has a snapshot on a USB stick, and no network."
        ):
            self._inspect(wuhan)
        return self._make_summary()

    def close(self) -> None:
        """Stop what runs."""
        if self.watch:
            self.watch.stop()
        for city in self.cities:
            city.stop()
        if self.stage.devnet:
            self.stage.devnet.stop()

    def write_epilogue(self) -> str:
        """Say what can be tried now."""
        sample_holding = self.holdings[0]
        tianmen, wuhan = self.cities
        document_paths = [
            path
            for path in sorted((self.stage.directory / "holders").iterdir())
            if not path.name.endswith(".json")
        ]
        token_path = self.stage.directory / "tianmen.token"
        lines = [
            "",
            "Both nodes stay up. Open Wuhan's page in a browser and drop a document and its proof there:",
            f"  Wuhan    {wuhan.url}",
            f"  Tianmen  {tianmen.url}",
            f"The holders' files are in {self.stage.directory / 'holders'}. On the command line:",
            f"  shunzheng verify {document_paths[0]} --node {wuhan.url}",
            f"  shunzheng verify {self.stage.directory / 'sealed' / GENUINE_FILE} --node {wuhan.url}",
            f"  shunzheng trace {sample_holding.identifier} --node {tianmen.url} --token-file {token_path}",
            f"Codes to print are in {self.stage.directory / 'codes'}: photograph one, and drop the photo on the page.",
            "Ctrl-C stops everything.",
        ]
        return "\n".join(lines)

    @contextmanager
    def _tell_phase(self, phase_name: str, description: str) -> Iterator[None]:
        self.tell(description)
        start_seconds = time.monotonic()
        yield
        self.seconds_by_phase[phase_name] = round(time.monotonic() - start_seconds, 2)

    def _register(self, city: City, file_name: str) -> list[str]:
        """Hand in the licences of a file, a submission for each department. Return the ids."""
        with self._open_client(city) as node:
            return [
                self._submit(node, issuer, lines)
                for issuer, lines in group_by_issuer(EXAMPLES / file_name).items()
            ]

    def _submit(
        self, node: NodeClient, issuer: str, lines: Sequence[bytes], newest_leaf: bytes | None = None
    ) -> str:
        with draft(
            lines,
            ask_target(node),
            self.private_keys[issuer],
            secrets.token_bytes,
            int(time.time()),
            read_file=lambda path: (EXAMPLES / path).read_bytes(),
            find_newest_leaf=lambda _: newest_leaf,
        ) as signed_draft:
            receipt = node.submit(list(signed_draft.lines()))
        self.tell(f"   {issuer}: {receipt['count']:,} records accepted 已登记，待上链")
        return str(receipt["id"])

    def _import(self, city: City) -> None:
        """Let a department bring an Excel file as its system exports it."""
        issuer, folder = next(iter(self.private_keys)), self.stage.directory
        self.importing = Importing(city, issuer, folder / f"{issuer}.pem", folder / "import", self.tell)
        self.importing.bring()

    def _open_client(self, city: City, token_text: str | None = None) -> NodeClient:
        return InsistentClient(city.url, self.tell, token_text)

    def _read_token(self) -> str:
        return (self.stage.directory / "tianmen.token").read_text()

    def _run_sealing(
        self, city: City, take_step: Callable[[Sealing, NodeClient], T], token_text: str | None = None
    ) -> T:
        assert self.sealing is not None
        with self._open_client(city, token_text) as node:
            return take_step(self.sealing, node)

    def _wait(self, city: City, submission_ids: Sequence[str], *awaited_states: str) -> None:
        with self._open_client(city) as node:
            for submission_id in submission_ids:
                self._wait_until(
                    partial(_has_state, node, submission_id, awaited_states), f"submission {submission_id}"
                )

    def _tell_anchors(self, city: City) -> None:
        with self._open_client(city) as node:
            for anchor in node.fetch_anchors(city.name)["items"][::-1]:
                record_count = anchor["size"] - anchor["size_before"]
                if record_count:
                    self.tell(
                        f"   anchor {anchor['sequence']} in block {anchor['block']}: {record_count:,} records, final"
                    )

    def _write_proofs(self, city: City) -> None:
        token_text = self.stage.make_token(city, ("proofs", "history", "claims"))
        write_file(self.stage.directory / "tianmen.token", token_text.encode())
        folder = self.stage.directory / "holders"
        folder.mkdir()
        example_paths = (EXAMPLES / name for name in ("licences.ndjson", "with-documents.ndjson"))
        rows = [json.loads(line) for file in example_paths for line in file.read_bytes().splitlines()]
        with self._open_client(city, token_text) as node, ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
            self.holdings = list(pool.map(lambda row: write_proof(node, row, folder), rows))
        self.tell(f"   {len(self.holdings):,} proofs written to {folder}")
        self._print_codes(self.stage.directory / "codes")
        assert self.importing is not None
        self.holdings += self.importing.collect(self.stage.directory / "tianmen.token")

    def _print_codes(self, folder: Path) -> None:
        """Print the codes of the licences that have a document, and of the first that is on paper alone."""
        folder.mkdir()
        paper_holding = next(holding for holding in self.holdings if holding.document_bytes is None)
        documented_holdings = [holding for holding in self.holdings if holding.document_bytes is not None]
        for holding in (paper_holding, *documented_holdings):
            page = write_paper(decode_proof(holding.proof_bytes), "pdf")
            write_file(folder / f"{holding.identifier}.pdf", page, public=True)
        self.tell(f"   {len(documented_holdings) + 1} of them as codes to print 二维码, in {folder}")

    def _wait_known(self, verifier: City, issuer: City) -> None:
        """Wait until the verifier has the issuer's newest final anchor, and the entries of every one."""
        with self._open_client(issuer) as issuer_node, self._open_client(verifier) as verifier_node:
            newest_sequence = _ask_sequence(issuer_node, issuer.name)
            self._wait_until(
                lambda: _ask_sequence(verifier_node, issuer.name) >= newest_sequence,
                f"anchor {newest_sequence} in {verifier.title}",
            )
            self._wait_until(
                lambda: _ask_entries_state(verifier_node, issuer.name) == "published", "the public entries"
            )
        self.tell("   Wuhan has fetched the public entries behind them, and they are in order 公开日志已核对")

    def _verify_all(self, city: City) -> None:
        with self._open_client(city) as node:
            for start_index in range(0, len(self.holdings), _BATCH_PROOFS):
                items: list[Json] = [
                    holding.make_request()
                    for holding in self.holdings[start_index : start_index + _BATCH_PROOFS]
                ]
                reports = node.verify_batch(encode_request({"items": items}))["reports"]
                for holding, report in zip(
                    self.holdings[start_index : start_index + _BATCH_PROOFS], reports, strict=True
                ):
                    if (
                        report["verdict"] not in ("valid", "not_current")
                        or report["record"]["identifier"] != holding.identifier
                    ):
                        raise StoryFailed(f"{holding.identifier}: {report['verdict']}, {report['reason']}")
                    self.verdicts[report["verdict"]] += 1
                    if report["verdict"] == "not_current":
                        self.verdicts[report["reason"]] += 1
        valid_count, ended_count = self.verdicts["valid"], self.verdicts["not_current"]
        self.tell(
            f"   {valid_count:,} are genuine and in force 真实有效, "
            f"{ended_count:,} genuine but outside their dates 真实，但已过有效期"
        )

    def _try_forgeries(self, city: City) -> None:
        sample_holding = next(holding for holding in self.holdings if holding.document_bytes is None)
        other_holding = next(holding for holding in self.holdings if holding.document_bytes is not None)
        with self._open_client(city) as node:
            for description, reason, request in make_forgeries(sample_holding, other_holding):
                self._expect_caught(node, description, reason, request)
            bare_request: dict[str, Json] = {"proof": sample_holding.proof_bytes.decode()}
            self._expect_caught(
                node,
                "a genuine code with nothing to compare",
                "nothing_presented",
                bare_request,
                "unverifiable",
            )
        issuer = next(iter(self.private_keys))
        self._expect_refusal(
            "Wuhan registers a department of Tianmen", "wuhan-admin", acts.IssuerAdded("wuhan", issuer)
        )

    def _expect_caught(
        self,
        node: NodeClient,
        description: str,
        reason: str,
        request: dict[str, Json],
        verdict: str = "invalid",
    ) -> None:
        report = node.verify(encode_request(request))
        if (report["verdict"], report["reason"]) != (verdict, reason):
            raise StoryFailed(
                f"{description}: {report['verdict']}, {report['reason']} instead of {verdict}, {reason}"
            )
        self.reasons_by_forgery[description] = reason
        self.verdicts[verdict] += 1
        self.tell(f"   {description}: {report['words']['zh']}，{report['reason_words']['zh']} ({reason})")

    def _expect_refusal(self, description: str, role: str, act: acts.Act) -> None:
        try:
            insist(lambda: self.stage.record_acts(role, act), self.tell)
        except TransactionRejected as error:
            self.reasons_by_forgery[description] = error.name
            self.tell(f"   {description}: the registry refuses ({error.name})")
            return
        raise StoryFailed(f"{description}: the registry let it pass")

    def _revoke(self, issuer: City, verifier: City) -> None:
        """Revoke the first licence that is in force, and see Wuhan say so."""
        sample_holding = self._find_in_force(verifier)
        issuer.launch()
        issuer.wait_ready()
        record_members = json.loads(sample_holding.proof_bytes)["record"]
        revocation_row = {
            "kind": "licence",
            "action": "revoke",
            "identifier": sample_holding.identifier,
            "issuer": record_members["issuer"],
            "basis": "行政许可法 第六十九条",
        }
        with self._open_client(issuer, self._read_token()) as node:
            newest_leaf = parse_digest(node.fetch_history(sample_holding.identifier)["records"][-1]["leaf"])[
                1
            ]
            submission_id = self._submit(
                node, record_members["issuer"], [encode_request(revocation_row)], newest_leaf
            )
        start_seconds = time.monotonic()
        with self._open_client(verifier) as node:
            request = encode_request(sample_holding.make_request())
            self._wait_until(lambda: node.verify(request)["reason"] == "revoked", "the revocation in Wuhan")
            report = node.verify(request)
        self.seconds_by_phase["revocation visible elsewhere"] = round(time.monotonic() - start_seconds, 2)
        self.verdicts[report["verdict"]] += 1
        self.reasons_by_forgery["a licence that was revoked"] = report["reason"]
        self._wait(issuer, [submission_id], "final")
        revoked_since = report["status"]["since"]
        self.tell(
            f"   Wuhan, asked again: {report['words']['zh']}，{report['reason_words']['zh']}，自 {revoked_since} (revoked)"
        )

    def _inspect(self, verifier: City) -> None:
        inspector = Inspector(self.cities, self.stage.directory / "laptop", self.tell)
        inspector.prepare()
        sample_holding = self._find_in_force(verifier)
        inspector.inspect(sample_holding.proof_bytes, sample_holding.claims, sample_holding.document_bytes)
        self.reasons_by_forgery["a snapshot too old for a strict policy"] = "knowledge_stale"
        self.reasons_by_forgery["a snapshot forged by one city"] = "below_threshold"

    def _find_in_force(self, city: City) -> Holding:
        with self._open_client(city) as node:
            for holding in self.holdings:
                if node.verify(encode_request(holding.make_request()))["verdict"] == "valid":
                    return holding
        raise StoryFailed("no licence is in force")

    def _wait_until(self, is_fulfilled: Callable[[], bool], description: str) -> None:
        if not wait_until(is_fulfilled, description, self.tell):
            raise StoryFailed(
                f"{description} did not come within {PATIENCE_SECONDS:g} s; see node.log in {self.stage.directory}"
            )

    def _make_summary(self) -> dict[str, Json]:
        with self._open_client(self.cities[0]) as node:
            anchors = list(node.fetch_anchors("tianmen")["items"])
        assert self.sealing is not None
        gas_by_act: dict[str, Json] = {
            **self.stage.gas_by_act,
            "Anchored": max(insist(self.stage.list_anchor_gas, self.tell), default=0),
        }
        return {
            "type": "shunzheng/demo-summary/1",
            "registry": self.stage.registry,
            "records": len(self.holdings) + self.sealing.record_count + 1,
            "departments": len(self.private_keys),
            "verdicts": dict(self.verdicts),
            "caught": dict(self.reasons_by_forgery),
            "sealed": dict(self.sealing.results_by_description),
            "anchors": len(anchors),
            "gas": gas_by_act,
            "milliseconds": {name: round(1000 * seconds) for name, seconds in self.seconds_by_phase.items()},
        }


def _has_state(node: NodeClient, submission_id: str, awaited_states: Sequence[str]) -> bool:
    return node.fetch_submission(submission_id)["state"] in awaited_states


def _ask_sequence(node: NodeClient, log: str) -> int:
    return next(
        (
            int(log_answer["sequence"])
            for log_answer in node.fetch_logs()["items"]
            if log_answer["name"] == log
        ),
        0,
    )


def _ask_entries_state(node: NodeClient, log: str) -> str:
    return next(
        (
            str(log_answer["entries"])
            for log_answer in node.fetch_logs()["items"]
            if log_answer["name"] == log
        ),
        "",
    )
