// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice Anchoring: sequence, growth, lengths, and the errors by which a submitter knows what happened.
contract AnchorsTest is RegistryTest {
    uint64 private constant GROWTH = 2 ** 20;

    function test_anchor() public {
        _anchored(1, 10, ROOT, "");
        _anchored(2, 10, 0, ""); // a heartbeat
        _anchored(3, 10, 0, hex"000000000504"); // a status change alone
        _anchored(4, 10 + GROWTH, ROOT, hex"000000000102000000000904");
        _anchored(5, 10 + GROWTH, 0, new bytes(60_000));
    }

    function testFuzz_anchor(uint64[8] memory growth, uint16 words, bytes32 root) public {
        vm.assume(root != 0);
        uint64 size;
        for (uint64 i = 0; i < growth.length; ++i) {
            uint64 grown = growth[i] % (GROWTH + 1);
            size += grown;
            uint256 length = i == 0 ? 6 * uint256(words % 10_001) : 6 * i;
            _anchored(i + 1, size, grown == 0 ? bytes32(0) : root, new bytes(length));
            vm.roll(block.number + growth[i] % 3);
            vm.warp(block.timestamp + growth[i] % 700);
        }
    }

    function _anchored(uint64 sequence, uint64 size, bytes32 root, bytes memory changes) private {
        _done(
            TIANMEN_OPERATOR,
            abi.encodeCall(IRegistry.anchor, (TIANMEN, sequence, size, root, STATUS_ROOT, changes)),
            IRegistry.Kind.Anchored,
            abi.encode(TIANMEN, sequence, size, root, STATUS_ROOT, changes)
        );
        (,,,, uint64 s, uint64 z) = registry.logState(TIANMEN);
        require(s == sequence && z == size, "progress");
    }

    // ---- Sequence ----

    function test_anchor_saysAlreadyAnchored() public {
        _anchor(1, 10);
        _anchor(2, 20, ROOT, hex"000000000504");
        _sent(2, 20, ROOT, hex"000000000504", abi.encodeWithSelector(IRegistry.AlreadyAnchored.selector, TIANMEN, 2));
    }

    function test_anchor_saysConflict() public {
        _anchor(1, 10);
        _anchor(2, 20, ROOT, hex"000000000504");
        bytes memory reason = abi.encodeWithSelector(IRegistry.AnchorConflict.selector, TIANMEN, 2);
        _sent(2, 21, ROOT, hex"000000000504", reason);
        _sent(2, 20, STATUS_ROOT, hex"000000000504", reason);
        _sent(2, 20, ROOT, hex"000000000505", reason);
        _sent(2, 20, ROOT, "", reason);
    }

    function testFuzz_anchor_saysAlreadyAnchoredOrConflict(uint64 size, bytes32 root, bytes6 word) public {
        _anchor(1, 10, ROOT, hex"000000000504");
        bool same = size == 10 && root == ROOT && word == hex"000000000504";
        bytes4 selector = same ? IRegistry.AlreadyAnchored.selector : IRegistry.AnchorConflict.selector;
        _sent(1, size, root, abi.encodePacked(word), abi.encodeWithSelector(selector, TIANMEN, 1));
    }

    function test_anchor_refusesOtherSequences() public {
        _wrongSequence(0, 1);
        _wrongSequence(2, 1);
        _anchor(1, 10);
        _anchor(2, 20);
        _wrongSequence(0, 3);
        _wrongSequence(1, 3);
        _wrongSequence(4, 3);
    }

    function testFuzz_anchor_refusesOtherSequences(uint64 sequence, uint8 done) public {
        done %= 4;
        for (uint64 i = 1; i <= done; ++i) {
            _anchor(i, i);
        }
        vm.assume(sequence != done + 1 && (sequence != done || done == 0));
        _wrongSequence(sequence, done + 1);
    }

    function _wrongSequence(uint64 sequence, uint64 next) private {
        _sent(sequence, 30, ROOT, "", abi.encodeWithSelector(IRegistry.WrongSequence.selector, sequence, next));
    }

    // ---- Growth ----

    function test_anchor_refusesToShrinkOrGrowTooMuch() public {
        _anchor(1, 10);
        _wrongSize(9, 10, 10 + GROWTH);
        _wrongSize(11 + GROWTH, 10, 10 + GROWTH);
        _wrongSize(type(uint64).max, 10, 10 + GROWTH);
    }

    function testFuzz_anchor_refusesToShrinkOrGrowTooMuch(uint64 size) public {
        _anchor(1, 1000);
        vm.assume(size < 1000 || size > 1000 + GROWTH);
        _wrongSize(size, 1000, 1000 + GROWTH);
    }

    function test_anchor_staysBelowTheLastPosition() public {
        bytes32 log = "xiantao";
        IRegistry.Predecessor memory full = _predecessor();
        full.size = 2 ** 40 - 3;
        vm.prank(PROVINCE);
        registry.admitLog(log, 1, HEIR, new bytes6[](0), full);
        vm.prank(HEIR);
        registry.setOperator(log, HEIR);
        _refused(
            HEIR,
            abi.encodeCall(IRegistry.anchor, (log, 1, 2 ** 40, ROOT, STATUS_ROOT, "")),
            abi.encodeWithSelector(IRegistry.SizeOutOfRange.selector, 2 ** 40, 2 ** 40 - 3, 2 ** 40 - 1)
        );
        vm.prank(HEIR);
        registry.anchor(log, 1, 2 ** 40 - 1, ROOT, STATUS_ROOT, "");
        vm.prank(HEIR);
        registry.anchor(log, 2, 2 ** 40 - 1, 0, STATUS_ROOT, ""); // full, and status still changes
    }

    function _wrongSize(uint64 size, uint64 least, uint64 most) private {
        _sent(2, size, ROOT, "", abi.encodeWithSelector(IRegistry.SizeOutOfRange.selector, size, least, most));
    }

    function test_anchor_refusesARootWithoutGrowthAndGrowthWithoutARoot() public {
        _anchor(1, 10);
        _sent(2, 10, ROOT, "", abi.encodeWithSelector(IRegistry.RootUnfit.selector, ROOT, 10));
        _sent(2, 11, 0, "", abi.encodeWithSelector(IRegistry.RootUnfit.selector, 0, 11));
    }

    function testFuzz_anchor_refusesARootWithoutGrowthAndGrowthWithoutARoot(uint64 size, bytes32 root) public {
        if (size % 2 == 0) (size, root) = (0, root | bytes32(uint256(1)));
        else (size, root) = (1 + size % GROWTH, 0);
        _sent(1, size, root, "", abi.encodeWithSelector(IRegistry.RootUnfit.selector, root, size));
    }

    // ---- Status words ----

    function test_anchor_refusesOtherLengths() public {
        testFuzz_anchor_refusesOtherLengths(5);
        testFuzz_anchor_refusesOtherLengths(7);
        testFuzz_anchor_refusesOtherLengths(60_006);
    }

    function testFuzz_anchor_refusesOtherLengths(uint16 length) public {
        vm.assume(length % 6 != 0 || length > 60_000);
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidStatusLength.selector, length);
        _sent(1, 10, ROOT, new bytes(length), reason);
    }

    function test_anchor_takesAnyWords() public {
        _anchor(1, 10, ROOT, hex"ffffffffffff000000000000"); // void to every replica, and the log goes on
        _anchor(2, 11);
    }

    // ---- Calldata ----

    function test_anchor_refusesOtherEncodings() public {
        bytes memory call = abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 10, ROOT, STATUS_ROOT, hex"000000000504"));
        bytes32 canonical = keccak256(abi.encode(TIANMEN, 1, 10, ROOT, STATUS_ROOT, hex"000000000504"));
        _encoded(bytes.concat(call, hex"00"), canonical); // more behind it
        bytes memory padded = bytes.concat(call);
        padded[call.length - 1] = 0x01; // padding that is not zero
        _encoded(padded, canonical);
        bytes memory far = abi.encodePacked(
            IRegistry.anchor.selector,
            abi.encode(TIANMEN, 1, 10, ROOT, STATUS_ROOT, 0xe0, 0, 6, bytes32(hex"000000000504"))
        ); // the words elsewhere
        _encoded(far, canonical);
        vm.prank(TIANMEN_OPERATOR);
        (bool done,) = address(registry).call(call);
        require(done, "the canonical encoding was refused");
    }

    function testFuzz_anchor_refusesOtherEncodings(bytes calldata more) public {
        vm.assume(more.length != 0);
        bytes memory call = abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 10, ROOT, STATUS_ROOT, ""));
        _encoded(bytes.concat(call, more), keccak256(abi.encode(TIANMEN, 1, 10, ROOT, STATUS_ROOT, "")));
    }

    function _encoded(bytes memory call, bytes32 canonical) private {
        bytes memory payload = new bytes(call.length - 4);
        for (uint256 i = 0; i < payload.length; ++i) {
            payload[i] = call[i + 4];
        }
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotCanonical.selector, keccak256(payload), canonical);
        _refused(TIANMEN_OPERATOR, call, reason);
    }

    function _sent(uint64 sequence, uint64 size, bytes32 root, bytes memory changes, bytes memory reason) private {
        bytes memory call = abi.encodeCall(IRegistry.anchor, (TIANMEN, sequence, size, root, STATUS_ROOT, changes));
        _refused(TIANMEN_OPERATOR, call, reason);
    }
}
