"""The subcommands of ``python -m simgen``, a module each."""
