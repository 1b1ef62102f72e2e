"""From an issue and a workspace to a resolution, or to a quote. It knows no GitHub; `resolve` uses it too."""
