"""The commands of `shunzheng`, one module a topic.

`add(commands)` declares those of a topic; each handler returns an exit code.
"""
