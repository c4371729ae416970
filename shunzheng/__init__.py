"""What other programs import of Shunzheng 顺证. Everything else is the house's own affair."""
