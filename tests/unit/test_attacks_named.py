"""Every attack and every trap that shaped this has a test that bears its name."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[1]
_VERIFICATION: Final = "unit/ledger/verification"
_CORE, _TRAPS = f"{_VERIFICATION}/test_attacks.py", f"{_VERIFICATION}/test_traps.py"
_STATUS, _REPETITION, _SPELLING = (
    f"{_VERIFICATION}/test_attacks_{how}.py" for how in ("on_status", "by_repetition", "by_spelling")
)

ATTACKS: Final = {
    "another city registers my department": (_CORE, "test_another_city_registers_my_department"),
    "a record of B inside A's statement": (_CORE, "test_a_record_of_b_inside_the_statement_of_a"),
    "a revoke record presented as a certificate": (
        _STATUS,
        "test_a_change_of_status_presented_as_a_certificate",
    ),
    "a dispute by a stranger": (
        f"{_VERIFICATION}/test_notes.py",
        "test_attack_a_dispute_by_a_stranger_counts_for_nothing",
    ),
    "a batch that reuses positions": (_CORE, "test_a_batch_that_reuses_positions"),
    "a batch that overlaps positions": (_CORE, "test_a_batch_that_overlaps_positions"),
    "an unauthenticated tree size": (_CORE, "test_an_unauthenticated_tree_size"),
    "the same statement anchored twice": (
        "unit/anchoring/monitor/test_faulty.py",
        "test_a_root_anchored_twice_is_found_over_all_anchors",
    ),
    "… to escape a revocation": (_REPETITION, "test_an_entry_anchored_twice_to_escape_a_revocation"),
    "… in one anchor": (_REPETITION, "test_an_entry_that_stands_twice_in_one_anchor"),
    "… after a void anchor": (_REPETITION, "test_an_entry_whose_first_occurrence_is_in_a_void_anchor"),
    "… outside of its window": (_REPETITION, "test_an_entry_anchored_again_outside_of_its_window"),
    "a root poisoned by a faulty entry": (_REPETITION, "test_a_root_poisoned_by_a_faulty_entry"),
    "a window evaded by a statement of version 1": (_REPETITION, "test_an_evasion_by_version_1"),
    "the same statement years later": (_CORE, "test_the_same_statement_years_later"),
    "revoked turned valid again without a record": (_STATUS, "test_revoked_turned_valid_again"),
    "… by allowed words alone": (_STATUS, "test_revoked_turned_valid_again_by_allowed_words_alone"),
    "a bad anchor that bricks a log": (_CORE, "test_a_bad_anchor_that_bricks_a_log"),
    "growth that exhausts replicas": (_CORE, "test_growth_that_exhausts_replicas"),
    "a snapshot whose keys vouch for itself": (
        "unit/ledger/registry/test_snapshots.py",
        "test_keys_that_vouch_for_themselves_are_refused",
    ),
    "an omitted compromise": (_CORE, "test_an_omitted_compromise"),
    "… from a snapshot": ("unit/ledger/registry/test_snapshots.py", "test_an_omitted_compromise_is_noticed"),
    "a genuine code pasted on a forged paper": (_CORE, "test_a_genuine_code_on_a_forged_paper"),
    "two archives in one OFD": (
        "unit/ledger/documents/ofd/test_archive.py",
        "test_what_can_be_read_in_two_ways_is_refused",
    ),
    "a page replaced in the update that carries the proof": (
        "unit/ledger/documents/test_carriers.py",
        "test_a_page_replaced_in_the_update_that_carries_the_proof",
    ),
    "back-dated sealing with a destroyed seal": (_STATUS, "test_back_dated_sealing_with_a_destroyed_seal"),
    "an old staple against newer knowledge": (_STATUS, "test_an_old_staple_against_newer_knowledge"),
    "an un-compromised key": (_CORE, "test_an_un_compromised_key"),
    "milliseconds for seconds": (_CORE, "test_milliseconds_for_seconds"),
    "two trial chains with the same address": (_CORE, "test_two_trial_chains_with_the_same_address"),
    "four claims shown as three": (_SPELLING, "test_four_claims_shown_as_three"),
    "two claims of one name": (_SPELLING, "test_two_claims_of_one_name"),
    "a frozen batch rebuilt after a reorg while the old transaction waits": (
        "unit/anchoring/anchorer/test_submitter.py",
        "test_a_reorganisation_sends_the_same_bytes_again",
    ),
    "(r, n-s) and other second encodings": (_SPELLING, "test_a_second_encoding_of_a_signature"),
    "one spelling of a date that flips the last day": (
        _SPELLING,
        "test_one_spelling_of_a_date_that_flips_the_last_day",
    ),
    "a rolled-back snapshot": (
        "unit/ledger/registry/test_snapshots.py",
        "test_older_than_seen_it_is_refused",
    ),
}

TRAPS: Final = {
    "missing leaf and node prefixes": (_TRAPS, "test_leaf_and_node_prefixes"),
    "duplicated odd nodes": (_TRAPS, "test_odd_nodes_are_not_doubled"),
    "an inner node passed off as a leaf": (_TRAPS, "test_an_inner_node_passed_off_as_a_leaf"),
    "hashes that are not 32 bytes": (_TRAPS, "test_hashes_that_are_not_32_bytes"),
    "trees of size 0": (_TRAPS, "test_trees_of_size_0"),
    "the same proof for every document": (_TRAPS, "test_the_same_proof_for_every_document"),
    "a proof against a root that nobody anchored": (_TRAPS, "test_a_root_that_nobody_anchored"),
    "an index beyond the entry's range": (_TRAPS, "test_an_index_beyond_the_range_of_the_entry"),
    "a proof from another log with the same root": (
        _TRAPS,
        "test_a_proof_from_another_log_with_the_same_root",
    ),
    "a signature valid for another submission": (_TRAPS, "test_a_signature_valid_for_another_submission"),
    "a key that speaks for another issuer": (_TRAPS, "test_a_key_that_speaks_for_another_issuer"),
    "a key compromised before the anchor": (_TRAPS, "test_a_key_compromised_before_the_anchor"),
    "a revoked certificate with a staple from before": (
        _TRAPS,
        "test_a_revoked_certificate_with_a_staple_from_before",
    ),
    "a renewed certificate shown as valid": (_TRAPS, "test_a_renewed_certificate_shown_as_valid"),
    "a clock that is wrong": (_TRAPS, "test_a_clock_that_is_wrong"),
    "a replica that is behind": (_TRAPS, "test_a_replica_that_is_behind"),
    "a chain whose id is not the expected one": (_TRAPS, "test_a_chain_whose_id_is_not_the_expected_one"),
    "not revoked, because the list could not be read": (
        _TRAPS,
        "test_knowledge_that_could_not_be_had_is_no_good_news",
    ),
    "not anchored yet, shown as tampered": (_TRAPS, "test_a_root_that_was_merely_not_anchored_yet"),
    "a missing key, shown as a forgery": (_TRAPS, "test_a_missing_key_is_not_a_forgery"),
    "a look-up that tells which certificate is verified": (
        "acceptance/test_status_elsewhere.py",
        "test_a_revocation_is_known_elsewhere_within_seconds_and_nobody_is_told_whose",
    ),
    "a lying source of staples": (
        "unit/api/commands/test_refresh.py",
        "test_what_a_lying_node_staples_changes_no_verdict",
    ),
}


@pytest.mark.parametrize("name", [*ATTACKS, *TRAPS])
def test_it_has_its_test(name: str) -> None:
    path, test = (ATTACKS | TRAPS)[name]
    assert test in _tests_of(path)


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((FOLDER / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
