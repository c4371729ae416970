// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Script} from "./Script.sol";

/// @notice Plays fixed scripts on the real contract and writes down what it said: the vectors by which every other
/// implementation is tested (tests/vectors/registry).
contract VectorsTest is Script {
    /// @dev The example key of GB/T 32918.5, and a P-256 key: the generator point.
    bytes private constant SM2_KEY = abi.encodePacked(
        hex"3059301306072a8648ce3d020106082a811ccf5501822d03420004",
        hex"09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
        hex"ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    );
    bytes private constant P256_KEY = abi.encodePacked(
        hex"3059301306072a8648ce3d020106082a8648ce3d03010703420004",
        hex"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        hex"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    );

    function setUp() public override {}

    function test_governance() public {
        _begin("who governs: province, logs, divisions, admins, operators, issuers, the end", 31337);
        _admitLog(TIANMEN, 1, TIANMEN_ADMIN, abi.encodePacked(TIANMEN_DIVISION), _none());
        _admitLog(WUHAN, 2, WUHAN_ADMIN, abi.encodePacked(WUHAN_DIVISION, bytes6("420103"), bytes6("420104")), _none());
        _admitLog("jingzhou-2", 1, TIANMEN_ADMIN, "", _predecessor());
        _assignDivision("420105", WUHAN);
        _assignDivision("420104", TIANMEN);
        _assignDivision("420103", 0);
        _setOperator(TIANMEN_ADMIN, TIANMEN, TIANMEN_OPERATOR);
        _setOperator(WUHAN_ADMIN, WUHAN, WUHAN_OPERATOR);
        _setOperator(WUHAN_ADMIN, WUHAN, address(0));
        _addIssuer(TIANMEN_ADMIN, TIANMEN, TIANMEN_ISSUER);
        _addIssuer(WUHAN_ADMIN, WUHAN, WUHAN_ISSUER);
        _assignIssuer(TIANMEN, MINISTRY);
        _assignIssuer(WUHAN, TIANMEN_ISSUER);
        _assignIssuer(WUHAN, "340100");
        _transferAdmin(TIANMEN_ADMIN, TIANMEN, HEIR);
        _acceptAdmin(HEIR, TIANMEN);
        _transferAdmin(WUHAN_ADMIN, WUHAN, STRANGER);
        _replaceAdmin(WUHAN, HEIR);
        _transferProvince(PROVINCE, STRANGER);
        _transferProvince(PROVINCE, HEIR);
        _acceptProvince(HEIR);
        _close(HEIR, "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:0123456789abcdef");
        _end("governance");
    }

    function test_keys() public {
        _begin("keys: registered, granted for all and for some types, retired, compromised", 20230518);
        _admitLog(TIANMEN, 1, TIANMEN_ADMIN, abi.encodePacked(TIANMEN_DIVISION), _none());
        _addIssuer(TIANMEN_ADMIN, TIANMEN, TIANMEN_ISSUER);
        _registerKey(1, SM2_KEY);
        _registerKey(1, P256_KEY);
        _registerKey(2, "not a key at all");
        _grant(SM2_KEY, 15, "");
        _grant(P256_KEY, 1, abi.encodePacked(bytes21("11100000000013338W001")));
        _grant(P256_KEY, 6, abi.encodePacked(bytes21("11100000000013338W001"), bytes21("11100000MB0143028R001")));
        _retireKey(SM2_KEY, 5000);
        _retireKey(SM2_KEY, 1000);
        _compromiseKey(P256_KEY, 10);
        _compromiseKey(P256_KEY, 1_000_000);
        _end("keys");
    }

    function test_anchors() public {
        _begin("anchors: records, heartbeats, status changes, a void one, a log that goes on from another registry", 1);
        _admitLog(TIANMEN, 1, TIANMEN_ADMIN, "", _none());
        _setOperator(TIANMEN_ADMIN, TIANMEN, TIANMEN_OPERATOR);
        _anchorAs(TIANMEN_OPERATOR, TIANMEN, 1, 0, 0, 0, ""); // a log of nothing
        _admitLog(WUHAN, 2, WUHAN_ADMIN, "", _none());
        _setOperator(WUHAN_ADMIN, WUHAN, WUHAN_OPERATOR);
        uint8[] memory statuses = new uint8[](100);
        _anchorWuhan(1, 3, ROOT, statuses, "");
        _anchorWuhan(2, 3, 0, statuses, "");
        (statuses[0], statuses[2]) = (4, 1);
        _anchorWuhan(3, 3, 0, statuses, hex"000000000004000000000201");
        (statuses[2], statuses[64], statuses[99]) = (0, 2, 7);
        _anchorWuhan(4, 100, keccak256("another root"), statuses, hex"000000000200000000004002000000006307");
        _anchorAs(WUHAN_OPERATOR, WUHAN, 5, 100, 0, keccak256("no status root"), hex"000000000104"); // void
        statuses[0] = 8;
        _anchorWuhan(6, 100, 0, statuses, hex"000000000008");
        _admitLog("qianjiang", 1, HEIR, "", _predecessor());
        _setOperator(HEIR, "qianjiang", HEIR);
        _anchorAs(HEIR, "qianjiang", 1, 5001, ROOT, STATUS_ROOT, "");
        _end("anchors");
    }

    // ---- Wuhan, whose status roots are true ----

    function _anchorWuhan(uint64 sequence, uint64 size, bytes32 root, uint8[] memory statuses, bytes memory changes)
        private
    {
        _anchorAs(WUHAN_OPERATOR, WUHAN, sequence, size, root, _statusRoot(statuses, size), changes);
    }

    /// @dev The status tree over at most two chunks, in suite 2, which is SHA-256.
    function _statusRoot(uint8[] memory statuses, uint64 size) private pure returns (bytes32) {
        bytes32 first = _statusLeaf(statuses, 0);
        return size <= 64 ? first : sha256(abi.encodePacked(hex"01", first, _statusLeaf(statuses, 1)));
    }

    function _statusLeaf(uint8[] memory statuses, uint40 chunk) private pure returns (bytes32) {
        bytes memory content = new bytes(32);
        for (uint256 p = 64 * uint256(chunk); p < statuses.length && p < 64 * (uint256(chunk) + 1); ++p) {
            content[p % 64 / 2] |= bytes1(p % 2 == 0 ? statuses[p] << 4 : statuses[p]);
        }
        return sha256(abi.encodePacked(hex"00", "shunzheng/status/1", chunk, content));
    }
}
