"""Cases that run on the local engine and on real Spark with Delta, whose answers are kept as data.

``cases/*.yaml`` has the cases, ``answers/*.json`` what real Spark answers, and ``deviations.yaml`` the cases
that the local engine answers otherwise. ``docs/parity.md`` is made from these.
"""
