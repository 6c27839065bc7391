"""Sphinx configuration: MyST Markdown, furo, nothing else."""

project = "mobileip"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
smartquotes = False  # it makes a dash of the two hyphens of an option
