"""Which variance is asked for: the text of `vcov` as typed data."""

from dataclasses import dataclass

from citypanel.errors import DeclarationError

HETERO = {"hetero": "HC1", "hc1": "HC1", "hc2": "HC2", "hc3": "HC3"}
FORMS = "iid, hetero, HC2, HC3, cluster:A[+B], hac:LAGS, dk:LAGS, conley:KM:LATCOL:LONCOL[:uniform|bartlett]"


@dataclass(frozen=True)
class Convention:
    """The declared variance: kind is `iid`, `HC1`, `HC2`, `HC3`, `cluster`, `hac`, `dk` or `conley`.

    `by` holds the cluster columns (`a^b` is a combined one), `lags` are those of hac and dk, the rest is of
    conley.
    """

    kind: str = "iid"
    by: tuple[str, ...] = ()
    lags: int = 0
    cutoff_km: float = 0.0
    latitude: str = ""
    longitude: str = ""
    kernel: str = "uniform"


def parse_convention(text: str | None) -> Convention:
    """Parse the text of `vcov`; nothing given is `iid`.

    Raises
    ------
    DeclarationError
        The message quotes the text and lists the forms.
    """
    if text is None or text.strip().lower() in ("", "iid"):
        return Convention()
    kind, _, rest = text.strip().partition(":")
    lowered = kind.lower()
    if lowered in HETERO and not rest:
        return Convention(HETERO[lowered])
    if lowered == "cluster" and (by := tuple(part.strip() for part in rest.split("+"))) and all(by):
        return Convention("cluster", by=tuple(dict.fromkeys(by)))
    if lowered in ("hac", "dk") and rest.strip().isdigit():
        return Convention(lowered, lags=int(rest))
    if lowered == "conley":
        return _conley(text, rest.split(":"))
    raise DeclarationError(f"vcov is '{text}'; allowed: {FORMS}")


def _conley(text: str, parts: list[str]) -> Convention:
    kernel = parts[3].lower() if len(parts) == 4 else "uniform"
    try:
        cutoff = float(parts[0])
    except ValueError:
        cutoff = 0.0
    if len(parts) not in (3, 4) or not cutoff > 0 or kernel not in ("uniform", "bartlett") or not all(parts[1:]):
        raise DeclarationError(f"vcov is '{text}'; the form is conley:KM:LATCOL:LONCOL[:uniform|bartlett]")
    return Convention("conley", cutoff_km=cutoff, latitude=parts[1], longitude=parts[2], kernel=kernel)
