"""All that handlers may ask of the outside world, a module per topic. Repositories and gateways fit themselves to it.

Every method raises StoreUnavailable (RelayUnavailable for `Relay`) when its server does not answer; whatever it was
writing may then be partly written, and is written again by the repeat. Collections go in and come out as collections:
one query, one bulk write.
"""
