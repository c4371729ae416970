// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {Json} from "./Json.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A script played on the real contract, written down act by act.
abstract contract Script is RegistryTest {
    string private _what;
    string private _acts;
    bytes32 private _parent;

    // ---- One step of each kind ----

    function _admitLog(
        bytes32 log,
        uint8 suite,
        address admin,
        bytes memory divisions,
        IRegistry.Predecessor memory before
    ) internal {
        bytes6[] memory list = new bytes6[](divisions.length / 6);
        string memory names;
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = bytes6(_slice(divisions, 6 * i, 6));
            names = Json.join(names, Json.quoted(Json.unpadded(list[i])));
        }
        string memory fields = Json.join(Json.text("log", log), Json.number("suite", suite));
        fields = Json.join(fields, Json.account("admin", admin));
        fields = Json.join(fields, Json.member("divisions", Json.list(names)));
        fields = Json.join(fields, Json.member("predecessor", Json.object(_fields(before))));
        _act(PROVINCE, abi.encodeCall(IRegistry.admitLog, (log, suite, admin, list, before)), "LogAdmitted", fields);
    }

    function _fields(IRegistry.Predecessor memory p) private pure returns (string memory fields) {
        fields = Json.join(Json.text("registry", p.registry), Json.text("log", p.log));
        fields = Json.join(fields, Json.join(Json.number("n", p.n), Json.hash("head", p.head)));
        fields = Json.join(fields, Json.join(Json.number("size", p.size), Json.hash("statusRoot", p.statusRoot)));
    }

    function _assignDivision(bytes6 division, bytes32 log) internal {
        string memory fields = Json.join(Json.text("division", division), Json.text("log", log));
        _act(PROVINCE, abi.encodeCall(IRegistry.assignDivision, (division, log)), "DivisionAssigned", fields);
    }

    function _setOperator(address admin, bytes32 log, address operator) internal {
        string memory fields = Json.join(Json.text("log", log), Json.account("operator", operator));
        _act(admin, abi.encodeCall(IRegistry.setOperator, (log, operator)), "OperatorSet", fields);
    }

    function _addIssuer(address admin, bytes32 log, bytes18 issuer) internal {
        string memory fields = Json.join(Json.text("log", log), Json.text("issuer", issuer));
        _act(admin, abi.encodeCall(IRegistry.addIssuer, (log, issuer)), "IssuerAdded", fields);
    }

    function _assignIssuer(bytes32 log, bytes18 issuer) internal {
        string memory fields = Json.join(Json.text("log", log), Json.text("issuer", issuer));
        _act(PROVINCE, abi.encodeCall(IRegistry.assignIssuer, (log, issuer)), "IssuerAssigned", fields);
    }

    function _transferAdmin(address admin, bytes32 log, address to) internal {
        string memory fields = Json.join(Json.text("log", log), Json.account("to", to));
        _act(admin, abi.encodeCall(IRegistry.transferAdmin, (log, to)), "AdminTransferStarted", fields);
    }

    function _acceptAdmin(address admin, bytes32 log) internal {
        string memory fields = Json.join(Json.text("log", log), Json.account("admin", admin));
        _act(admin, abi.encodeCall(IRegistry.acceptAdmin, (log)), "AdminTransferred", fields);
    }

    function _replaceAdmin(bytes32 log, address admin) internal {
        string memory fields = Json.join(Json.text("log", log), Json.account("admin", admin));
        _act(PROVINCE, abi.encodeCall(IRegistry.replaceAdmin, (log, admin)), "AdminReplaced", fields);
    }

    function _transferProvince(address province, address to) internal {
        bytes memory call = abi.encodeCall(IRegistry.transferProvince, (to));
        _act(province, call, "ProvinceTransferStarted", Json.account("to", to));
    }

    function _acceptProvince(address province) internal {
        bytes memory call = abi.encodeCall(IRegistry.acceptProvince, ());
        _act(province, call, "ProvinceTransferred", Json.account("province", province));
    }

    function _close(address province, string memory successor) internal {
        bytes memory call = abi.encodeCall(IRegistry.close, (successor));
        _act(province, call, "RegistryClosed", Json.text("successor", successor));
    }

    function _registerKey(uint8 purpose, bytes memory spki) internal {
        string memory fields = Json.join(Json.text("log", TIANMEN), Json.number("purpose", purpose));
        fields = Json.join(fields, Json.data("spki", spki));
        _act(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (TIANMEN, purpose, spki)), "KeyRegistered", fields);
    }

    /// @dev `types`: of 21 bytes each, one after the other.
    function _grant(bytes memory spki, uint8 kinds, bytes memory types) internal {
        bytes21[] memory list = new bytes21[](types.length / 21);
        string memory names;
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = bytes21(_slice(types, 21 * i, 21));
            names = Json.join(names, Json.quoted(Json.unpadded(list[i])));
        }
        bytes32 key = keccak256(spki);
        string memory fields = Json.join(Json.text("log", TIANMEN), Json.hash("key", key));
        fields = Json.join(fields, Json.join(Json.text("issuer", TIANMEN_ISSUER), Json.number("kinds", kinds)));
        fields = Json.join(fields, Json.member("types", Json.list(names)));
        fields = Json.join(fields, Json.join(Json.number("notBefore", START), Json.number("notAfter", 99999999999)));
        bytes memory call =
            abi.encodeCall(IRegistry.grant, (TIANMEN, key, TIANMEN_ISSUER, kinds, list, START, 99999999999));
        _act(TIANMEN_ADMIN, call, "KeyGranted", fields);
    }

    function _retireKey(bytes memory spki, uint64 ahead) internal {
        (bytes32 key, uint64 retiredAt) = (keccak256(spki), START + ahead);
        string memory fields = Json.join(Json.hash("key", key), Json.number("at", retiredAt));
        _act(TIANMEN_ADMIN, abi.encodeCall(IRegistry.retireKey, (key, retiredAt)), "KeyRetired", fields);
    }

    function _compromiseKey(bytes memory spki, uint64 ago) internal {
        (bytes32 key, uint64 since) = (keccak256(spki), START - ago);
        string memory fields = Json.join(Json.hash("key", key), Json.number("since", since));
        _act(TIANMEN_ADMIN, abi.encodeCall(IRegistry.compromiseKey, (key, since)), "KeyCompromised", fields);
    }

    function _anchorAs(
        address operator,
        bytes32 log,
        uint64 sequence,
        uint64 size,
        bytes32 root,
        bytes32 statusRoot,
        bytes memory changes
    ) internal {
        bytes memory call = abi.encodeCall(IRegistry.anchor, (log, sequence, size, root, statusRoot, changes));
        string memory fields = Json.join(Json.text("log", log), Json.number("sequence", sequence));
        fields = Json.join(fields, Json.join(Json.number("size", size), Json.hash("root", root)));
        fields = Json.join(fields, Json.join(Json.hash("statusRoot", statusRoot), Json.data("statusChanges", changes)));
        _act(operator, call, "Anchored", fields);
    }

    // ---- The script as a file ----

    function _begin(string memory what, uint256 chain) internal {
        (_what, _acts, _parent) = (what, "", keccak256(bytes(what)));
        vm.chainId(chain);
        vm.warp(START);
        vm.roll(7);
        vm.setBlockhash(6, _parent);
        vm.recordLogs();
        registry = _deploy(PROVINCE);
        _append("ProvinceTransferred", Json.account("province", PROVINCE));
    }

    /// @dev Blocks and times move unevenly: sometimes two acts are of one block, sometimes blocks stay empty.
    function _act(address actor, bytes memory call, string memory name, string memory fields) internal {
        (uint64 n,,,) = registry.head();
        if (n % 3 != 0) {
            vm.roll(block.number + n % 5 + 1);
            vm.warp(block.timestamp + 7 * (n % 5) + 1);
        }
        vm.prank(actor);
        (bool done, bytes memory answer) = address(registry).call(call);
        require(done, string.concat(name, ": ", vm.toString(answer)));
        _append(name, fields);
    }

    function _append(string memory name, string memory fields) internal {
        Vm.Log memory entry = vm.getRecordedLogs()[0];
        (uint64 previousBlock, uint64 time, bytes memory payload) = abi.decode(entry.data, (uint64, uint64, bytes));
        (, bytes32 head,,) = registry.head();
        string memory line = Json.number("n", uint256(entry.topics[1]));
        line = Json.join(line, Json.number("kind", uint256(entry.topics[2])));
        line = Json.join(line, Json.text("act", name));
        line = Json.join(line, Json.number("block", block.number));
        line = Json.join(line, Json.number("previousBlock", previousBlock));
        line = Json.join(line, Json.number("time", time));
        line = string.concat(line, ",\n   ", Json.member("fields", Json.object(fields)));
        line = string.concat(line, ",\n   ", Json.data("payload", payload));
        line = string.concat(line, ",\n   ", Json.hash("head", head));
        _acts = string.concat(_acts, bytes(_acts).length == 0 ? "" : ",", "\n  ", Json.object(line));
    }

    function _end(string memory file) internal {
        string memory address_ = vm.toLowercase(vm.toString(address(registry)));
        bytes32 zero = registry.headZero();
        string memory prefix = string(_slice(bytes(vm.toString(zero)), 2, 16));
        string memory name = string.concat("eip155:", vm.toString(block.chainid), ":", address_, ":", prefix);
        string memory top = string.concat("{\n ", Json.text("what", _what), ",\n ");
        top = string.concat(top, Json.number("chainId", block.chainid), ",\n ");
        top = string.concat(top, Json.account("contract", address(registry)), ",\n ");
        top = string.concat(top, Json.hash("parentHash", _parent), ",\n ");
        top = string.concat(top, Json.hash("headZero", zero), ",\n ");
        top = string.concat(top, Json.text("registry", name), ",\n ");
        top = string.concat(top, Json.member("acts", Json.list(string.concat(_acts, "\n "))), "\n}\n");
        vm.writeFile(string.concat("out/vectors/", file, ".json"), top);
    }

    function _slice(bytes memory data, uint256 start, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[start + i];
        }
    }
}
