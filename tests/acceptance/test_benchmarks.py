"""Benchmarks that run a command to its end: they run small, and their audit finds nothing."""

from pathlib import Path

import pytest

from benchmarks.audit import RECORDS_PER_SUBMISSION, build_node, measure_audit, measure_traces


@pytest.mark.slow
def test_the_node_of_the_audits_benchmark_is_audited_with_no_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_node(tmp_path, 2 * RECORDS_PER_SUBMISSION)
    measure_audit(tmp_path)
    measure_traces(tmp_path, 2 * RECORDS_PER_SUBMISSION)
    output = capsys.readouterr().out
    assert "megabytes at most" in output
    assert "milliseconds of a trace" in output
