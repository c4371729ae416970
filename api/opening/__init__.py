"""Documents that strangers present, opened in processes of their own that can be killed."""
