"""jinja2 templates: frames round lines that a printer made, one folder a target."""
