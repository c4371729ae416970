"""Audit of the trees over a registry's events: they hold every event and forget none.

Each row is compared with its event and with the rows before it, as these are stored: what was altered is named where
it stands, and not once more for everything that is built on it.
"""

from itertools import zip_longest

from anchoring.audit.findings import Findings
from anchoring.audit.places import REPLICA
from anchoring.replica.reading import ReplicaView
from anchoring.replica.tables import EVENT_NODES
from ledger.registry.event_trees import EventTrees


def audit_event_trees(view: ReplicaView, findings: Findings) -> None:
    """Compare the stored nodes of both trees with the events that a replica holds, up to the first that is missing."""
    event_trees = EventTrees()
    events = (headed_event[0].event for headed_event in view.walk_headed_events())
    for event, nodes in zip_longest(events, view.walk_event_nodes()):
        if nodes is None or (event is not None and event.event_number < nodes.n):
            _add(findings, "fact-missing", event.event_number, "the events make it, and it is not there")
            return
        if event is None or nodes.n < event.event_number:
            _add(findings, "fact-altered", nodes.n, "no event makes it")
            return
        expected_nodes = event_trees.complete(event)
        if nodes != expected_nodes:
            _add(
                findings,
                "fact-altered",
                event.event_number,
                "it is not what the event and the nodes below make",
            )
        event_trees.extend(nodes if nodes.is_whole else expected_nodes)


def _add(findings: Findings, slug: str, n: int, text: str) -> None:
    findings.add(slug, f"n {n}", text, database=REPLICA, table=EVENT_NODES.name)
