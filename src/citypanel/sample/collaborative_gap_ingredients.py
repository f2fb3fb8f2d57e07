"""What the mechanisms of collaborative_gap are computed from: investment, labour, employment by sector, prices.

Each is tilted so that the indicator computed from it is the world's number: capital by perpetual inventory is the
capital given, Krugman's index of the employment the index given, segmentation from the prices the segmentation given.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.sample.prefectures import Prefectures

DEPRECIATION = 0.096
PARTNERS = 10  # nearest cities that a city's prices are compared with
SECTORS = (
    "农、林、牧、渔业", "采矿业", "制造业", "电力、热力、燃气及水生产和供应业", "建筑业", "批发和零售业",
    "交通运输、仓储和邮政业", "住宿和餐饮业", "信息传输、软件和信息技术服务业", "金融业", "房地产业",
    "租赁和商务服务业", "科学研究和技术服务业", "水利、环境和公共设施管理业", "居民服务、修理和其他服务业",
    "教育", "卫生和社会工作", "文化、体育和娱乐业", "公共管理、社会保障和社会组织",
)  # fmt: skip
# Round shares of the sectors in employment of urban units.
SHARES = np.array(
    [0.02, 0.04, 0.26, 0.03, 0.13, 0.05, 0.05, 0.02, 0.02, 0.04, 0.02, 0.03, 0.02, 0.02, 0.01, 0.10, 0.05, 0.01, 0.08]
)
GOODS = (
    "粮食", "鲜菜", "饮料、烟酒", "服装、鞋帽", "中西药品及医疗保健用品", "书报杂志及电子出版物",
    "文化体育用品", "日用品", "燃料",
)  # fmt: skip
_STEPS = 200
_EXACT = 1e-6  # relative; rounding of the printed indices is of the same size
_EARTH_KM = 6371.0088


def investment_for(capital: Matrix) -> Matrix:
    """Return investment whose perpetual inventory is the capital, cities x years.

    The first stock is investment over the sum of its mean growth and depreciation, which the first investment solves.
    """
    later = capital[:, 1:] - (1 - DEPRECIATION) * capital[:, :-1]
    years = later.shape[1]
    low, high = np.full(len(capital), 1e-6), 2 * capital[:, 0]
    for _ in range(100):
        first = (low + high) / 2
        over = first > capital[:, 0] * ((later[:, -1] / first) ** (1 / years) - 1 + DEPRECIATION)
        low, high = np.where(over, low, first), np.where(over, first, high)
    return np.column_stack([(low + high) / 2, later])


def employment_for(index: Matrix, total: Matrix, rng: np.random.Generator) -> Matrix:
    """Return employment, cities x years x sectors, whose Krugman index is given, and whose sum is `total`."""
    count = len(index)
    strong = np.zeros((count, len(SHARES)))
    for i in range(count):
        strong[i, rng.choice(len(SHARES), 4, replace=False)] = rng.dirichlet(np.full(4, 3.0))
    rest = np.where(strong > 0, 0.0, SHARES)
    # Sums to zero, its absolute values to one: so the index is about the size of the tilt.
    tilt = (0.5 * (strong - rest / rest.sum(axis=1, keepdims=True)))[:, None, :]
    size = index.copy()
    for _ in range(60):
        shares = SHARES + size[:, :, None] * tilt
        whole = (shares * total[:, :, None]).sum(axis=0) / total.sum(axis=0)[:, None]
        size += index - np.abs(shares - whole).sum(axis=2)
    return np.asarray((SHARES + size[:, :, None] * tilt) * total[:, :, None])


@dataclass(frozen=True)
class _Pairs:
    """Each city beside its partners, and every pair once."""

    i: Codes
    j: Codes
    once: tuple[Codes, Codes]

    def segmentation(self, moved: Matrix) -> Vector:
        """Return the mean over a city's partners of the variance of relative prices over goods."""
        first, second = self.once
        mean = np.abs(moved[first] - moved[second]).mean(axis=0)
        apart = np.abs(moved[self.i] - moved[self.j]) - mean
        return np.asarray(apart.var(axis=1, ddof=1).reshape(len(moved), PARTNERS).mean(axis=1))


def prices_for(integration: Matrix, where: Prefectures, rng: np.random.Generator) -> Matrix:
    """Return price indices (previous year = 100), cities x years x goods, whose market integration is given."""
    pairs = _pairs(where)
    result = np.empty((*integration.shape, len(GOODS)))
    for t in range(integration.shape[1]):
        size, pattern = _sizes(integration[:, t] ** -2.0, pairs, rng)
        common = 0.02 + 0.01 * rng.normal(size=len(GOODS))
        result[:, t] = 100 * np.exp(common + size[:, None] * pattern)
    return result


def _pairs(where: Prefectures) -> _Pairs:
    east, north = np.radians(where.lon), np.radians(where.lat)
    across = np.sin((north[:, None] - north) / 2) ** 2
    along = np.cos(north[:, None]) * np.cos(north) * np.sin((east[:, None] - east) / 2) ** 2
    apart = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.minimum(across + along, 1.0)))
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1, kind="stable")[:, :PARTNERS]
    linked = np.zeros(apart.shape, dtype=bool)
    np.put_along_axis(linked, near, values=True, axis=1)
    once = np.nonzero(np.triu(linked | linked.T))
    return _Pairs(np.repeat(np.arange(len(where)), PARTNERS), near.ravel(), (once[0], once[1]))


def _sizes(segmentation: Vector, pairs: _Pairs, rng: np.random.Generator) -> tuple[Vector, Matrix]:
    """Return how far each city's prices lie apart, and their pattern, so that segmentation is as given.

    A pattern in which a city's neighbours alone lie too far apart is drawn anew.
    """
    values = np.linspace(-1.6, 1.6, len(GOODS))
    while True:
        pattern = np.stack([rng.permutation(values) for _ in range(len(segmentation))])
        size = np.full(len(segmentation), np.sqrt(segmentation.mean() / 2))
        for _ in range(_STEPS):
            miss = np.log(segmentation / pairs.segmentation(size[:, None] * pattern))
            if np.abs(miss).max() < _EXACT:
                return size, pattern
            size *= np.exp(0.4 * miss)
