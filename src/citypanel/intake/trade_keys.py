"""Tables that stand beside trade files: which country a number means, and incomes by country and year."""

from collections.abc import Callable, Iterator, Sequence

from citypanel.errors import InputError
from citypanel.intake.customs_fields import Destination, is_missing, number, year_month
from citypanel.intake.layouts import is_year
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import RawFile
from citypanel.registers import fold

BESIDE = "beside"  # value of the setting `countries`: numbers are explained by a table beside the file
FOUND_BESIDE = "income from a table beside"  # a step of the attrition that is no problem
PER_HEAD = "NY.GDP.PCAP"  # begins the World Bank's codes of gross domestic product per head


def split_keys(raws: Sequence[RawFile], table: str) -> tuple[list[RawFile], list[RawFile]]:
    """Return the files with rows of a table, and the tables of names and codes beside them."""
    return [raw for raw in raws if raw.table != "key"], [raw for raw in raws if table in raw.layout.serves]


class Countries:
    """Countries by the numbers of a statistical office, as its own table explains them."""

    def __init__(self, keys: Sequence[RawFile], known: Callable[[str], Destination | None]) -> None:
        self.known = known
        self.numbers: dict[str, Destination] = {}
        for raw in keys:
            if raw.layout.name.startswith("countries"):
                for cells in _rows(raw):
                    self.numbers.setdefault(_plain(cells["code"]), self._country(cells))

    def reader(self, raw: RawFile) -> Callable[[str], Destination | None]:
        """Return how a file's countries are read: by the table beside it, or by registers/countries.csv.

        Raises
        ------
        InputError
            The layout writes numbers of its own and no table explains them.
        """
        if raw.layout.settings.get("countries") != BESIDE:
            return self.known
        if not self.numbers:
            raise InputError(
                f"{raw.name}: its countries are numbers of the source; put the source's country table beside it "
                "(columns CO_PAIS and NO_PAIS, id and text, or country_code and country_iso3)"
            )
        return lambda text: self.numbers.get(_plain(text))

    def _country(self, cells: dict[str, str]) -> Destination:
        for text in (cells.get("alpha3", ""), cells["name"]):
            found = self.known(text) if text.strip() else None
            if found is not None:
                return found
        return Destination("", "")


def incomes(keys: Sequence[RawFile], known: Callable[[str], Destination | None]) -> dict[tuple[str, int], float]:
    """Return GDP per head by alpha-3 and year, in the unit of the files.

    Raises
    ------
    InputError
        A file of the World Bank with another indicator; two incomes of one country and year.
    """
    found: dict[tuple[str, int], float] = {}
    for raw in keys:
        if not raw.layout.name.startswith("income"):
            continue
        for country, year, text in _incomes(raw):
            economy, value = known(country), number(text)
            if economy is None or not economy.alpha3 or value is None or is_missing(text):
                continue
            if found.setdefault((economy.alpha3, year), value) != value:
                raise InputError(f"{raw.name}: found two incomes of {economy.alpha3} in {year}; allowed: one")
    return found


def _incomes(raw: RawFile) -> Iterator[tuple[str, int, str]]:
    """Yield country, year and income as written, of a long table or of the World Bank's wide one."""
    if "indicator" not in raw.columns:
        for cells in _rows(raw):
            found = year_month(cells["year"])
            if found is None:
                raise InputError(f"{raw.name}, column 'year': found '{cells['year']}'; allowed: a year")
            yield cells["exporter"], found[0], cells["gdp_per_head"]
        return
    years = [(at, int(fold(header)[:4])) for at, header in enumerate(raw.headers) if is_year(header)]
    for block in read_blocks(raw):
        for row in zip(*(column.to_pylist() for column in block.table.columns), strict=True):
            indicator = row[raw.columns["indicator"]].strip()
            if not indicator.startswith(PER_HEAD):
                raise InputError(f"{raw.name}: found indicator '{indicator}'; allowed: {PER_HEAD}.*, GDP per head")
            for at, year in years:
                yield row[raw.columns["exporter"]], year, row[at]


def _rows(raw: RawFile) -> Iterator[dict[str, str]]:
    for block in read_blocks(raw):
        if block.refused:
            fault = block.refused[0]
            raise InputError(f"{raw.name}, row {fault.row}: {fault.reason}; mend this table, others depend on it")
        columns = {role: block.table.column(at).to_pylist() for role, at in raw.columns.items()}
        for cells in zip(*columns.values(), strict=True):
            yield dict(zip(columns, cells, strict=True))


def _plain(text: str) -> str:
    """Return a number without leading zeros and decimal point, as 013 and 13.0 are one country."""
    plain = fold(text).removesuffix(".0")
    return plain.lstrip("0") or plain[:1]
