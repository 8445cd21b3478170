"""The jets that ship with the package: ``<split>/<process>.h5``, made by :mod:`.make`."""
