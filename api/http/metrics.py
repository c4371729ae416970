"""The state of a node in Prometheus' text format (version 0.0.4): gauges alone, each with its unit in its name."""

from collections.abc import Iterable, Iterator, Mapping

from api.http.schemas.operation import IssuingShape, LogStateShape, ProcessShape, ReadyShape

#: A value and its labels.
Sample = tuple[int | None, Mapping[str, str]]


def render(found: ReadyShape) -> str:
    """Return the exposition of a node's state; what does not apply is left out."""
    return "".join(_lines(found))


def _lines(found: ReadyShape) -> Iterator[str]:
    yield from _one("ready", "1 when the node can answer", int(found.ready))
    yield from _one("quarantined", "1 when the replica contradicts the chain", int(bool(found.quarantine)))
    yield from _one("forks", "times that a city signed another history", found.forks)
    yield from _one(
        "endpoints_disagree", "1 when endpoints contradict each other", int(bool(found.disagreement))
    )
    yield from _one("events", "registry events in the replica", found.n)
    yield from _one("block", "newest final block seen", found.block)
    yield from _one("lag_seconds", "age of that block", found.lag_seconds)
    yield from _processes(found.processes)
    yield from _logs(found.logs)
    if found.issuing:
        yield from _issuing(found.issuing)


def _processes(processes: Iterable[ProcessShape]) -> Iterator[str]:
    said = [(process, {"process": process.name}) for process in processes]
    yield from _gauge(
        "process_seen_seconds", "since a process was heard of", [(one.seen, labels) for one, labels in said]
    )
    yield from _gauge(
        "process_failing_seconds",
        "for how long a process has failed, by the class of the error",
        [(one.failing, labels | {"error": one.kind or ""}) for one, labels in said],
    )
    for name, help_text in (
        ("done", "events done of a long work"),
        ("total", "events of a long work in all"),
    ):
        samples = [(getattr(one, name), labels | {"doing": one.doing or ""}) for one, labels in said]
        yield from _gauge(f"process_{name}_events", help_text, samples)


def _logs(logs: Iterable[LogStateShape]) -> Iterator[str]:
    known = [(log, {"log": log.log}) for log in logs]
    yield from _gauge(
        "log_sequence", "newest final anchor", [(log.sequence, labels) for log, labels in known]
    )
    yield from _gauge("log_records", "records anchored", [(log.size, labels) for log, labels in known])
    yield from _gauge(
        "log_anchor_age_seconds",
        "age of the newest anchor",
        [(log.anchor_age, labels) for log, labels in known],
    )
    yield from _gauge(
        "log_void_anchors", "anchors that are void", [(log.void_anchors, labels) for log, labels in known]
    )
    yield from _gauge(
        "log_entries_anchors",
        "anchors by what became of their public entries",
        [
            (count, labels | {"state": state})
            for log, labels in known
            for state, count in (log.entries or {}).items()
        ],
    )


def _issuing(own: IssuingShape) -> Iterator[str]:
    labels = {"log": own.log}
    for name, help_text, value in (
        ("waiting_submissions", "accepted and not on the chain", own.waiting_submissions),
        ("waiting_records", "their records", own.waiting_records),
        ("waiting_bytes", "bytes of their entries", own.waiting_bytes),
        ("oldest_waiting_seconds", "since the oldest was accepted", own.oldest_waiting),
        (
            "promise_left_seconds",
            "until the first deadline among them, negative once broken",
            own.promise_left,
        ),
        ("open_batch_age_seconds", "since the batch under way was frozen", own.open_batch_age),
        ("missing_batches", "batches of the chain that the register lacks", _missing(own)),
        ("missing_records", "anchored records that are not back after a restore", own.missing_records),
    ):
        yield from _gauge(name, help_text, [(value, labels)])
    if own.open_batch is not None:
        state = labels | {"state": own.open_batch_state or ""}
        yield from _gauge("open_batch", "sequence of the batch under way", [(own.open_batch, state)])
    holder = labels | {"holder": own.lease_holder or ""}
    yield from _gauge(
        "lease_held", "1 when a process holds the lease", [(int(bool(own.lease_holder)), holder)]
    )


def _missing(own: IssuingShape) -> int:
    return own.missing_batches[1] - own.missing_batches[0] + 1 if own.missing_batches else 0


def _one(name: str, help_text: str, value: int | None) -> Iterator[str]:
    return _gauge(name, help_text, [(value, {})])


def _gauge(name: str, help_text: str, samples: Iterable[Sample]) -> Iterator[str]:
    known = [(value, labels) for value, labels in samples if value is not None]
    if known:
        yield f"# HELP shunzheng_{name} {help_text}\n# TYPE shunzheng_{name} gauge\n"
    for value, labels in known:
        yield f"shunzheng_{name}{_labels(labels)} {value}\n"


def _labels(labels: Mapping[str, str]) -> str:
    return (
        "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}" if labels else ""
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
