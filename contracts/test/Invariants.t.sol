// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {Handler} from "./Handler.sol";
import {Model} from "./Model.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice What holds after any acts of anybody. The model refuses bad events as they come; here its state and the
/// registry's are compared.
contract InvariantsTest is RegistryTest {
    Model private _model;
    Handler private _handler;

    function setUp() public override {
        vm.warp(START);
        vm.roll(100);
        vm.recordLogs();
        registry = _deploy(PROVINCE);
        _model = new Model(registry.headZero());
        _model.fold(vm.getRecordedLogs()[0], PROVINCE);
        _handler = new Handler(registry, _model);
        for (uint256 i = 0; i < 3; ++i) {
            _handler.admitLog(1, 1 + 3 * i + 8 * i, 0, 0); // without predecessor, one division each
        }
    }

    /// @notice Forge asks here whom to call.
    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(_handler);
    }

    function invariant_headIsTheFoldOfTheEvents() public view {
        (uint64 n, bytes32 head, uint64 lastBlock, bool closed) = registry.head();
        _equal(head, _model.head());
        require(n == _model.n() && lastBlock == _model.lastBlock() && closed == _model.closed(), "tip");
    }

    function invariant_sequencesHaveNoGapsAndGrowthIsBounded() public view {
        uint256 anchors;
        bytes32[] memory names = _model.names();
        for (uint256 i = 0; i < names.length; ++i) {
            (,,,, uint64 sequence, uint64 size) = registry.logState(names[i]);
            (,,,, uint64 s, uint64 z, uint64 start) = _model.logs(names[i]);
            require(sequence == s && size == z, "progress");
            require(size >= start && size - start <= uint256(sequence) * 2 ** 20 && size < 2 ** 40, "growth");
            anchors += sequence;
        }
        _equal(anchors, _model.acts(uint8(IRegistry.Kind.Anchored)));
    }

    function invariant_onlyRolesChangeAnything() public view {
        _equal(registry.province(), _model.province());
        _equal(registry.pendingProvince(), _model.pendingProvince());
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 log = _handler.logName(i);
            (uint8 suite, address admin, address pending, address operator,,) = registry.logState(log);
            (uint8 s, address a, address p, address o,,,) = _model.logs(log);
            require(suite == s && admin == a && pending == p && operator == o, "log");
        }
        for (uint256 i = 0; i < 4; ++i) {
            bytes6 division = _handler.divisionName(i);
            _equal(registry.divisionLog(division), _model.divisionLog(division));
        }
        for (uint256 i = 0; i < 6; ++i) {
            bytes32 key = keccak256(_handler.keyBytes(i));
            (bytes32 log, uint8 purpose, uint64 retired, uint64 compromised) = registry.keyState(key);
            (bytes32 l, uint8 u, uint64 r, uint64 c) = _model.keys(key);
            require(log == l && purpose == u && retired == r && compromised == c, "key");
        }
    }

    function invariant_anIssuerIsInOneLog() public view {
        for (uint256 i = 0; i < 6; ++i) {
            bytes18 issuer = _handler.issuerName(i);
            bytes32 log = registry.issuerLog(issuer);
            _equal(_model.holders(issuer), log == 0 ? 0 : 1);
            require(log == 0 || _model.holds(issuer, log), "the issuer is in another log");
        }
    }

    /// @notice The invariants are worth something only if the handler reaches every act.
    function test_theHandlerReachesEveryAct() public {
        uint256 seed = 1;
        bytes4[18] memory selectors = [
            Handler.admitLog.selector,
            Handler.assignDivision.selector,
            Handler.replaceAdmin.selector,
            Handler.assignIssuer.selector,
            Handler.transferProvince.selector,
            Handler.acceptProvince.selector,
            Handler.transferAdmin.selector,
            Handler.acceptAdmin.selector,
            Handler.setOperator.selector,
            Handler.addIssuer.selector,
            Handler.registerKey.selector,
            Handler.grant.selector,
            Handler.retireKey.selector,
            Handler.compromiseKey.selector,
            Handler.anchor.selector,
            Handler.anchor.selector,
            Handler.pass.selector,
            Handler.intrude.selector
        ];
        for (uint256 i = 0; i < 1500; ++i) {
            _random(selectors[seed % selectors.length], ++seed);
            seed = uint256(keccak256(abi.encode(seed)));
        }
        while (!_model.closed()) {
            _random(Handler.close.selector, ++seed);
            seed = uint256(keccak256(abi.encode(seed)));
        }
        for (uint8 kind = 1; kind <= uint8(type(IRegistry.Kind).max); ++kind) {
            require(_model.acts(kind) != 0, string.concat("never reached: kind ", vm.toString(kind)));
        }
        invariant_headIsTheFoldOfTheEvents();
        invariant_sequencesHaveNoGapsAndGrowthIsBounded();
        invariant_onlyRolesChangeAnything();
        invariant_anIssuerIsInOneLog();
    }

    function _random(bytes4 selector, uint256 seed) private {
        bytes memory call = abi.encodePacked(selector);
        for (uint256 i = 0; i < 7; ++i) {
            call = abi.encodePacked(call, keccak256(abi.encode(seed, i)));
        }
        if (selector == Handler.intrude.selector) call = abi.encodeCall(Handler.intrude, (bytes4(bytes32(seed)), ""));
        (bool done, bytes memory answer) = address(_handler).call(call);
        require(done, vm.toString(answer));
    }
}
