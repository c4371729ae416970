// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The registry of Shunzheng: logs, issuers, keys and anchors that every city believes
/// @notice Every act, of government or anchoring, extends one head:
///
///     head_n = keccak256(abi.encode(head_(n-1), n, time, previousBlock, kind, keccak256(payload)))
///
/// and `payload`, the ABI encoding of all fields of the act, is in the one event. Whoever holds the events can recompute
/// the head, over kinds that it does not know too; an act left out, repeated, reordered or altered breaks it.
///
/// Three roles. The province governs. The admin of a log governs that log. The operator of a log anchors it.
/// The registry checks roles, sequence, growth and lengths. It never reads a status word, a key or a record.
///
/// Names are ASCII text, left-aligned, padded with zero bytes: `bytes32` logs, `bytes18` issuers (credit codes), `bytes6`
/// administrative divisions, `bytes21` certificate types. Times are Unix seconds.
interface IRegistry {
    /// @notice What an act was; the payload of each kind is `abi.encode` of the fields listed beside it.
    enum Kind {
        Reserved, // 0 is no act
        ProvinceTransferStarted, // address to
        ProvinceTransferred, // address province
        LogAdmitted, // bytes32 log, uint8 suite, address admin, bytes6[] divisions, Predecessor predecessor
        DivisionAssigned, // bytes6 division, bytes32 log
        AdminTransferStarted, // bytes32 log, address to
        AdminTransferred, // bytes32 log, address admin
        AdminReplaced, // bytes32 log, address admin
        OperatorSet, // bytes32 log, address operator
        IssuerAdded, // bytes32 log, bytes18 issuer
        IssuerAssigned, // bytes32 log, bytes18 issuer
        KeyRegistered, // bytes32 log, uint8 purpose, bytes spki
        KeyGranted, // bytes32 log, bytes32 key, bytes18 issuer, uint8 kinds, bytes21[] types, uint64 notBefore, uint64 notAfter
        KeyRetired, // bytes32 key, uint64 at
        KeyCompromised, // bytes32 key, uint64 since
        Anchored, // bytes32 log, uint64 sequence, uint64 size, bytes32 root, bytes32 statusRoot, bytes statusChanges
        RegistryClosed // string successor
    }

    /// @notice Where a log's earlier history stands, in another registry. All fields empty: it has none.
    /// @param registry name of that registry: `eip155:<chain id>:0x<address>:<first 16 hex digits of its head 0>`
    /// @param log its name there
    /// @param n acts of that registry when the log was taken over
    /// @param head head of that registry after act n
    /// @param size records of the log: positions go on from here
    /// @param statusRoot status tree of the log at that size; zero if and only if the size is
    struct Predecessor {
        string registry;
        bytes32 log;
        uint64 n;
        bytes32 head;
        uint64 size;
        bytes32 statusRoot;
    }

    /// @notice Emitted by every act, and by nothing else.
    /// @param n number of the act, from 1, without gaps
    /// @param kind what it was
    /// @param previousBlock block of act n - 1; 0 for the first
    /// @param time block time of this act
    /// @param payload all fields of the act
    event HeadExtended(uint64 indexed n, Kind indexed kind, uint64 previousBlock, uint64 time, bytes payload);

    // ---- Errors: roles ----

    /// @notice The act is the province's.
    error NotProvince(address caller);
    /// @notice The province was not offered to the caller.
    error NotPendingProvince(address caller);
    /// @notice The act belongs to the admin of `log`.
    error NotAdmin(bytes32 log, address caller);
    /// @notice The administration of `log` was not offered to the caller.
    error NotPendingAdmin(bytes32 log, address caller);
    /// @notice Only the operator of `log` anchors it.
    error NotOperator(bytes32 log, address caller);
    /// @notice The registry was closed at act `n`; its successor goes on.
    error Closed(uint64 n);

    // ---- Errors: governance ----

    /// @notice The chain does not count its time in seconds.
    error BlockTimeNotSeconds(uint256 time);
    /// @notice The zero address cannot hold this role.
    error InvalidAddress(address given);
    /// @notice A log name is 1 to 32 characters of a-z, 0-9 and the hyphen.
    error InvalidLogName(bytes32 log);
    /// @notice A log is admitted once.
    error LogExists(bytes32 log);
    /// @notice No such log was admitted.
    error UnknownLog(bytes32 log);
    /// @notice Suites are 1 (SM3) and 2 (SHA-256).
    error InvalidSuite(uint8 suite);
    /// @notice A predecessor is either entirely empty or complete.
    error InvalidPredecessor(Predecessor given);
    /// @notice The name of a registry is 1 to 128 visible ASCII characters.
    error InvalidRegistryName(bytes given);
    /// @notice A division is six digits.
    error InvalidDivision(bytes6 division);
    /// @notice The division is already `log`'s.
    error DivisionHeld(bytes6 division, bytes32 log);
    /// @notice An issuer is 1 to 18 characters of 0-9 and A-Z; a city adds only complete credit codes, of 18.
    error InvalidIssuer(bytes18 issuer);
    /// @notice The issuer is already `log`'s.
    error IssuerHeld(bytes18 issuer, bytes32 log);
    /// @notice The division in the issuer's credit code is not `log`'s: the province may assign it.
    error IssuerOutsideDivisions(bytes18 issuer, bytes6 division, bytes32 log);

    // ---- Errors: keys ----

    /// @notice Purposes are 1 (department) and 2 (node).
    error InvalidPurpose(uint8 purpose);
    /// @notice A SubjectPublicKeyInfo has 1 to 4,096 bytes.
    error InvalidKeyLength(uint256 length);
    /// @notice A key is registered once, ever; `log` did it.
    error KeyExists(bytes32 key, bytes32 log);
    /// @notice No such key was registered.
    error UnknownKey(bytes32 key);
    /// @notice Grants are for department keys of the same log.
    error KeyNotGrantable(bytes32 key, bytes32 log, uint8 purpose);
    /// @notice The issuer that the key shall speak for is another log's, or none's.
    error IssuerNotInLog(bytes18 issuer, bytes32 log);
    /// @notice Kinds are a set, not empty, of 1 (licence), 2 (seal), 4 (signature) and 8 (material).
    error InvalidKinds(uint8 kinds);
    /// @notice A grant names at most 256 certificate types.
    error TooManyTypes(uint256 count);
    /// @notice A period ends no earlier than it begins, and both are in seconds (below 100,000,000,000).
    error InvalidPeriod(uint64 notBefore, uint64 notAfter);
    /// @notice A key retires at the time of the block or later, given in seconds.
    error InvalidRetirement(uint64 retiredAt, uint64 time);
    /// @notice A retirement only moves earlier.
    error RetirementNotEarlier(bytes32 key, uint64 retiredAt, uint64 current);
    /// @notice A key was compromised at the time of the block or before, and not at 0.
    error InvalidCompromise(uint64 since, uint64 time);
    /// @notice A compromise only moves earlier.
    error CompromiseNotEarlier(bytes32 key, uint64 since, uint64 current);

    // ---- Errors: anchors ----

    /// @notice The calldata is not the one canonical ABI encoding of the arguments.
    error NotCanonical(bytes32 digest, bytes32 canonical);
    /// @notice This is the log's last anchor, with the same content: nothing is left to do.
    error AlreadyAnchored(bytes32 log, uint64 sequence);
    /// @notice The log's last anchor has this sequence and other content: find out who sent it.
    error AnchorConflict(bytes32 log, uint64 sequence);
    /// @notice The log's next sequence is another.
    error WrongSequence(uint64 sequence, uint64 next);
    /// @notice A log never shrinks, grows by at most 2^20 an anchor, and stays below 2^40.
    error SizeOutOfRange(uint64 size, uint64 least, uint64 most);
    /// @notice The root is zero if and only if the size did not grow.
    error RootUnfit(bytes32 root, uint64 size);
    /// @notice Status changes are words of 6 bytes, at most 10,000.
    error InvalidStatusLength(uint256 length);

    // ---- Acts of the province ----

    /// @notice Admits a log, with its divisions and its first admin.
    /// @dev Emits kind LogAdmitted. Every division must be free.
    /// @param log its name
    /// @param suite hash suite of its trees, for ever: 1 SM3, 2 SHA-256
    /// @param admin who governs it
    /// @param divisions administrative divisions whose issuers the admin may add
    /// @param predecessor its earlier history, or all empty
    function admitLog(
        bytes32 log,
        uint8 suite,
        address admin,
        bytes6[] calldata divisions,
        Predecessor calldata predecessor
    ) external;

    /// @notice Gives a division to a log, whoever held it; log 0 leaves it without one.
    /// @dev Emits kind DivisionAssigned. Issuers already added stay where they are.
    function assignDivision(bytes6 division, bytes32 log) external;

    /// @notice Puts another admin in place, and ends an open offer of the old one. The operator stays.
    /// @dev Emits kind AdminReplaced.
    function replaceAdmin(bytes32 log, address admin) external;

    /// @notice Gives an issuer to a log, whoever held it and whatever its division.
    /// @dev Emits kind IssuerAssigned. Keys stay with the log that registered them.
    function assignIssuer(bytes32 log, bytes18 issuer) external;

    /// @notice Offers the province to another account; address 0 withdraws the offer.
    /// @dev Emits kind ProvinceTransferStarted.
    function transferProvince(address to) external;

    /// @notice Takes the province, by the account it was offered to.
    /// @dev Emits kind ProvinceTransferred, as the constructor does.
    function acceptProvince() external;

    /// @notice Ends the registry for ever and names the one that follows.
    /// @dev Emits kind RegistryClosed. Every act afterwards reverts with Closed.
    function close(string calldata next) external;

    // ---- Acts of a log's admin ----

    /// @notice Offers the administration of the log to another account; address 0 withdraws the offer.
    /// @dev Emits kind AdminTransferStarted.
    function transferAdmin(bytes32 log, address to) external;

    /// @notice Takes the administration of the log, by the account it was offered to.
    /// @dev Emits kind AdminTransferred.
    function acceptAdmin(bytes32 log) external;

    /// @notice Says who anchors the log; address 0 stops anchoring.
    /// @dev Emits kind OperatorSet.
    function setOperator(bytes32 log, address operator) external;

    /// @notice Adds an issuer whose credit code lies in a division of the log and that no log holds.
    /// @dev Emits kind IssuerAdded. The division is characters 3 to 8 of the code.
    function addIssuer(bytes32 log, bytes18 issuer) external;

    /// @notice Registers a public key. Its id is `keccak256(spki)`.
    /// @dev Emits kind KeyRegistered. The encoding is not examined: an unreadable key is of no use to anybody.
    /// @param purpose 1 department (signs submissions), 2 node (signs receipts and checkpoints)
    /// @param spki SubjectPublicKeyInfo, DER
    function registerKey(bytes32 log, uint8 purpose, bytes calldata spki) external;

    /// @notice Lets a department key of the log speak for an issuer of the log.
    /// @dev Emits kind KeyGranted. Grants add up. None works backwards: it counts from its own act on, and from
    /// `notBefore` if that is later.
    /// @param kinds set of 1 licence, 2 seal, 4 signature, 8 material
    /// @param types certificate types; empty means all
    /// @param notBefore first second
    /// @param notAfter last second
    function grant(
        bytes32 log,
        bytes32 key,
        bytes18 issuer,
        uint8 kinds,
        bytes21[] calldata types,
        uint64 notBefore,
        uint64 notAfter
    ) external;

    /// @notice Ends the use of a key from `retiredAt` on. A later call may only bring it forward, never into the past.
    /// @dev Emits kind KeyRetired.
    function retireKey(bytes32 key, uint64 retiredAt) external;

    /// @notice Declares that others may have used a key from `since` on. A later call may only move it further back.
    /// @dev Emits kind KeyCompromised.
    function compromiseKey(bytes32 key, uint64 since) external;

    // ---- The act of a log's operator ----

    /// @notice Anchors one batch of the log.
    /// @dev Emits kind Anchored. What the roots and words say is for every replica to check; an anchor whose words or
    /// status root do not fit is void there, and the log goes on.
    /// @param sequence number of the anchor in its log, from 1, without gaps
    /// @param size records of the log after it
    /// @param root counted tree over the batch's entries; zero if and only if the size does not grow
    /// @param statusRoot status tree of the log after it
    /// @param statusChanges words of 6 bytes: position (5, big-endian) and status (1)
    function anchor(
        bytes32 log,
        uint64 sequence,
        uint64 size,
        bytes32 root,
        bytes32 statusRoot,
        bytes calldata statusChanges
    ) external;

    // ---- Views: unknown names answer zeros ----

    /// @notice Number of acts, the head after them, the block of the last, and whether the registry is closed.
    function head() external view returns (uint64 n, bytes32 value, uint64 lastBlock, bool closed);

    /// @notice keccak256(abi.encode("shunzheng/registry/1", chain id, this address, hash of the block before deployment)).
    function headZero() external view returns (bytes32);

    function province() external view returns (address);

    function pendingProvince() external view returns (address);

    /// @notice The registry that follows a closed one.
    function successor() external view returns (string memory);

    function logState(bytes32 log)
        external
        view
        returns (uint8 suite, address admin, address pendingAdmin, address operator, uint64 sequence, uint64 size);

    /// @notice The log that holds the issuer.
    function issuerLog(bytes18 issuer) external view returns (bytes32);

    /// @notice The log that holds the division.
    function divisionLog(bytes6 division) external view returns (bytes32);

    /// @notice Whose key it is and for what; `retiredAt` and `compromisedSince` are 0 where that never happened.
    function keyState(bytes32 key)
        external
        view
        returns (bytes32 log, uint8 purpose, uint64 retiredAt, uint64 compromisedSince);
}
