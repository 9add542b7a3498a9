"""The runtime of Remit: a signed bundle is loaded immutably and its agents run within their remit."""
