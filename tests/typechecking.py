"""The runtime type checker of the suite: beartype, with the numeric tower of PEP 484 (an int serves as a float)."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
