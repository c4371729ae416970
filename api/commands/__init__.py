"""The subcommands of `shunzheng`, one module a topic: `add(subparsers)` declares them, each handler returns an exit code."""
