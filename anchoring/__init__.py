"""Make what the ledger decides durable and public: chain, replica, register, and the processes between them."""
