// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The cheatcodes of forge that these tests use, at the address where forge answers them.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function deal(address account, uint256 balance) external;
    function deployCode(string calldata artefact, bytes calldata arguments) external returns (address);
    function prank(address sender) external;
    function expectRevert(bytes calldata data) external;
    function assume(bool condition) external pure;
    function warp(uint256 time) external;
    function roll(uint256 block_) external;
    function chainId(uint256 id) external;
    function setBlockhash(uint256 block_, bytes32 value) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool);
    function lastCallGas() external view returns (Gas memory);
    function toString(bytes calldata value) external pure returns (string memory);
    function toString(bytes32 value) external pure returns (string memory);
    function toString(address value) external pure returns (string memory);
    function toString(uint256 value) external pure returns (string memory);
    function toLowercase(string calldata value) external pure returns (string memory);
    function writeFile(string calldata path, string calldata data) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
