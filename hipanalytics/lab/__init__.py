"""JupyterLab screens: state without widgets, the view of it, and the launcher."""
