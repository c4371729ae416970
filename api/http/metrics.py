"""The state of a node in the text format of Prometheus (version 0.0.4).

There are gauges alone, each with its unit in its name.
"""

from collections.abc import Iterable, Iterator, Mapping

from api.http.schemas.operation import IssuingShape, LogStateShape, ProcessShape, ReadyShape

#: A value and its labels.
Sample = tuple[int | None, Mapping[str, str]]


def render(state: ReadyShape) -> str:
    """Return the exposition of a node's state; what does not apply is left out."""
    return "".join(_list_gauges(state))


def _list_gauges(state: ReadyShape) -> Iterator[str]:
    yield from _make_single("ready", "1 when the node can answer", int(state.ready))
    yield from _make_single(
        "quarantined", "1 when the replica contradicts the chain", int(bool(state.quarantine))
    )
    yield from _make_single("forks", "times that a city signed another history", state.forks)
    yield from _make_single(
        "endpoints_disagree", "1 when endpoints contradict each other", int(bool(state.disagreement))
    )
    yield from _make_single("events", "registry events in the replica", state.n)
    yield from _make_single("block", "newest final block seen", state.block)
    yield from _make_single(
        "lag_seconds", "age of that block, negative for one of the future", state.lag_seconds
    )
    yield from _make_single(
        "chain_clock_lead_seconds",
        "the clock of the chain minus that of this machine",
        state.chain_clock_lead,
    )
    yield from _list_process_gauges(state.processes)
    yield from _list_log_gauges(state.logs)
    if state.issuing:
        yield from _list_issuing_gauges(state.issuing)


def _list_process_gauges(processes: Iterable[ProcessShape]) -> Iterator[str]:
    labelled_processes = [(process, {"process": process.name}) for process in processes]
    yield from _make_gauge(
        "process_seen_seconds",
        "since a process was heard of",
        [(process.seen, labels) for process, labels in labelled_processes],
    )
    yield from _make_gauge(
        "process_failing_seconds",
        "for how long a process has failed, by the class of the error",
        [(process.failing, labels | {"error": process.kind or ""}) for process, labels in labelled_processes],
    )
    for name, help_text in (
        ("done", "events done of a long work"),
        ("total", "events of a long work in all"),
    ):
        samples = [
            (getattr(process, name), labels | {"doing": process.doing or ""})
            for process, labels in labelled_processes
        ]
        yield from _make_gauge(f"process_{name}_events", help_text, samples)


def _list_log_gauges(logs: Iterable[LogStateShape]) -> Iterator[str]:
    labelled_logs = [(log, {"log": log.log}) for log in logs]
    yield from _make_gauge(
        "log_sequence", "newest final anchor", [(log.sequence, labels) for log, labels in labelled_logs]
    )
    yield from _make_gauge(
        "log_records", "records anchored", [(log.size, labels) for log, labels in labelled_logs]
    )
    yield from _make_gauge(
        "log_anchor_age_seconds",
        "age of the newest anchor",
        [(log.anchor_age, labels) for log, labels in labelled_logs],
    )
    yield from _make_gauge(
        "log_void_anchors",
        "anchors that are void",
        [(log.void_anchors, labels) for log, labels in labelled_logs],
    )
    yield from _make_gauge(
        "log_entries_anchors",
        "anchors by what became of their public entries",
        [
            (count, labels | {"state": state})
            for log, labels in labelled_logs
            for state, count in (log.entries or {}).items()
        ],
    )


def _list_issuing_gauges(issuing: IssuingShape) -> Iterator[str]:
    labels = {"log": issuing.log}
    for name, help_text, value in (
        ("waiting_submissions", "accepted and not on the chain", issuing.waiting_submissions),
        ("waiting_records", "their records", issuing.waiting_records),
        ("waiting_bytes", "bytes of their entries", issuing.waiting_bytes),
        ("oldest_waiting_seconds", "since the oldest was accepted", issuing.oldest_waiting),
        (
            "promise_left_seconds",
            "until the first deadline among them, negative once broken",
            issuing.promise_left,
        ),
        ("open_batch_age_seconds", "since the batch under way was frozen", issuing.open_batch_age),
        ("missing_batches", "batches of the chain that the register lacks", _count_missing_batches(issuing)),
        ("missing_records", "anchored records that are not back after a restore", issuing.missing_records),
        ("operator_balance_gwei", "what the account that anchors holds", issuing.balance_gwei),
        ("operator_anchors_left", "anchors that this pays for at the price of now", issuing.anchors_left),
        ("tokens_ending", "access tokens that end within a week", issuing.tokens_ending),
        ("token_left_seconds", "until the first of them ends", issuing.token_left),
        ("tokens_without_end", "access tokens that last until they are revoked", issuing.tokens_without_end),
    ):
        yield from _make_gauge(name, help_text, [(value, labels)])
    if issuing.open_batch is not None:
        batch_labels = labels | {"state": issuing.open_batch_state or ""}
        yield from _make_gauge(
            "open_batch", "sequence of the batch under way", [(issuing.open_batch, batch_labels)]
        )
    holder_labels = labels | {"holder": issuing.lease_holder or ""}
    yield from _make_gauge(
        "lease_held", "1 when a process holds the lease", [(int(bool(issuing.lease_holder)), holder_labels)]
    )


def _count_missing_batches(issuing: IssuingShape) -> int:
    return issuing.missing_batches[1] - issuing.missing_batches[0] + 1 if issuing.missing_batches else 0


def _make_single(name: str, help_text: str, value: int | None) -> Iterator[str]:
    return _make_gauge(name, help_text, [(value, {})])


def _make_gauge(name: str, help_text: str, samples: Iterable[Sample]) -> Iterator[str]:
    known_samples = [(value, labels) for value, labels in samples if value is not None]
    if known_samples:
        yield f"# HELP shunzheng_{name} {help_text}\n# TYPE shunzheng_{name} gauge\n"
    for value, labels in known_samples:
        yield f"shunzheng_{name}{_write_labels(labels)} {value}\n"


def _write_labels(labels: Mapping[str, str]) -> str:
    return (
        "{" + ",".join(f'{name}="{_escape(text)}"' for name, text in labels.items()) + "}" if labels else ""
    )


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
