"""Make what the ledger decides durable and public: chain, replica, register, processes."""
