"""The HTTP interface of a node: routes, shapes, problems, pages, and what bounds a request."""
