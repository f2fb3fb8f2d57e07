"""What the labels of printed rows and columns say, in English and Chinese."""

import re

_STATISTICS: tuple[tuple[str, str], ...] = (
    # first match wins
    ("first_stage_f", r"first.?stage.*f|kleibergen|cragg|k-?p.*f|第一阶段.*f"),
    ("ar1", r"(ar|m|abond)\s*\(?\s*1\s*\)?\b.*"),
    ("ar2", r"(ar|m|abond)\s*\(?\s*2\s*\)?\b.*"),
    ("hansen", r"hansen.*|sargan.*|overid.*"),
    ("instruments", r"(no\.?|number|#)?\s*(of)?\s*instruments?|j|工具变量(个)?数.*"),
    ("lr", r"lr\b.*|likelihood.?ratio.*"),
    ("r2_adj", r"(adj(usted|\.)?[\s_.-]*r.?.?2.*)|r2?_?a|r-?2_?a|ar2|adj.*r-?squared|调整.*r.*"),
    ("r2_within", r".*within.*r.*|r.*within.*|组内.*r.*"),
    ("r2", r"(overall\s+)?r[\s-]?(\^|\*\*)?2|r-?squared|r²|(拟合优度|可决系数).*"),
    (
        "units",
        r"(number|no\.?|#)\s*(of)?\s*(id|cit(y|ies)|groups?|firms?|units?|panels?)s?|(城市|个体|企业)(数|个数)|cities",
    ),
    ("clusters", r"(number|no\.?|#)?\s*(of)?\s*clusters?|聚类数"),
    ("n", r"n|obs\.?|observations?|number of obs.*|no\.? of obs.*|sample size|观测(值|数|量).*|样本(量|数|观测数)"),
    ("f", r"f|f[\s-]?(stat|test|value|统计量|值).*|wald f.*"),
    ("loglik", r"log-?\s?lik.*"),
)
_CONSTANT = re.compile(r"_?cons(tant|t)?|\(?intercept\)?|常数项?|截距项?", re.IGNORECASE)
_LAG = re.compile(r"(L|LD|D)\d*\.\S+|lag[\s_.(].*|.*滞后.*", re.IGNORECASE)
_AUXILIARY = re.compile(
    r".*(\brho\b|lambda|sigma|variance|ρ|λ|σ).*|lgt_theta|/?lns.*|空间(自)?(相关|回归|误差)系数", re.IGNORECASE
)
_EFFECT_ROW = re.compile(
    r".*(\bfe\b|\bfes\b|effects?\b|固定效应|效应$|dummies\b|fixed).*|(year|city|firm|id|time)s?\s*(fe|control)?",
    re.IGNORECASE,
)
_TIME = re.compile(r"year|time|period|年|时间|时期", re.IGNORECASE)
_UNIT = re.compile(r"\bid\b|cit(y|ies)|firm|unit|individual|prefecture|entity|panel|城市|个体|企业|地区", re.IGNORECASE)
_NO_OLS = re.compile(
    r"(?<![(（i])\biv\b|2sls|gmm|sar\b|sem\b|sdm\b|spatial|tobit|logit|probit|quantile|\bq\d|工具变量|分位",
    re.IGNORECASE,
)
_CHANGED_SAMPLE = re.compile(r"psm|match|gmm|lag|high|low|east|west|central|匹配|滞后|高|低|东|西|中部", re.IGNORECASE)
_OPPOSITES = (
    ("high", "low"), ("large", "small"), ("coastal", "inland"), ("yes", "no"), ("rich", "poor"), ("more", "less"),
    ("高", "低"), ("大", "小"), ("沿海", "内陆"), ("是", "否"), ("强", "弱"),
)  # fmt: skip
MOMENTS: tuple[tuple[str, str], ...] = (
    ("n", r"n|obs\.?|observations?|样本(量|数)|观测(值|数)"),
    ("mean", r"mean|average|均值|平均值|平均数"),
    ("sd", r"s\.?d\.?|std\.?.*|standard deviation|标准差"),
    ("min", r"min(imum)?|最小值"),
    ("p25", r"p25|q1|25%|下四分位数?"),
    ("median", r"median|p50|50%|中位数|中值"),
    ("p75", r"p75|q3|75%|上四分位数?"),
    ("max", r"max(imum)?|最大值"),
)


def statistic_of(label: str) -> str:
    """Return the normalised name of a statistic below the coefficients, or an empty text."""
    bare = re.sub(r"<[^>]+>", "", label).strip()
    return next((name for name, pattern in _STATISTICS if re.fullmatch(pattern, bare, re.IGNORECASE)), "")


def moment_of(label: str) -> str:
    """Return the normalised name of a moment in a descriptive table, or an empty text."""
    return next((name for name, pattern in MOMENTS if re.fullmatch(pattern, label.strip(), re.IGNORECASE)), "")


def is_constant(label: str) -> bool:
    """Whether a row is the constant."""
    return _CONSTANT.fullmatch(label.strip()) is not None


def is_lag(label: str) -> bool:
    """Whether a row is a lag or a difference in time."""
    return _LAG.fullmatch(label.strip()) is not None


def is_auxiliary(label: str) -> bool:
    """Whether a row is a parameter of the error or of the spatial term, not a regressor."""
    return _AUXILIARY.fullmatch(label.strip()) is not None


def effect_kind(label: str) -> str:
    """Return time, unit or other for a row of fixed effects, or an empty text for other rows."""
    if _EFFECT_ROW.fullmatch(label.strip()) is None:
        return ""
    if _TIME.search(label):
        return "both" if _UNIT.search(label) else "time"
    return "unit" if _UNIT.search(label) else "other"


def is_yes(text: str) -> bool | None:
    """Return whether an effects cell says yes, or None where it says neither."""
    word = text.strip().lower()
    if word in ("yes", "y", "x", "√", "✓", "是", "控制", "true", "included", "已控制"):
        return True
    if word in ("no", "n", "", "否", "未控制", "不控制", "false", "×"):
        return False
    return None


def hides_controls(label: str) -> bool:
    """Whether a row stands for regressors that are not shown."""
    return re.search(r"control|控制变量|covariates", label, re.IGNORECASE) is not None and not effect_kind(label)


def is_least_squares(label: str) -> bool:
    """Whether nothing in the label of a column speaks of another estimator."""
    return _NO_OLS.search(label) is None


def has_own_sample(label: str) -> bool:
    """Whether the label of a column speaks of a matched, lagged or split sample."""
    return _CHANGED_SAMPLE.search(label) is not None


def opposite(first: str, second: str) -> str:
    """Return what two labels share if they differ by a pair of opposites (High/Low ...), else an empty text."""
    one, two = (re.sub(r"^\s*[（(]\d+[)）]\s*", "", label).strip() for label in (first, second))
    for left, right in _OPPOSITES:
        if re.search(left, one, re.IGNORECASE) and re.search(right, two, re.IGNORECASE):
            rest = [re.sub(word, "", label, flags=re.IGNORECASE) for word, label in ((left, one), (right, two))]
            if rest[0].strip() == rest[1].strip():
                return rest[0].strip() or f"{left}/{right}"
    return ""


def spatial_effect(label: str) -> tuple[str, str]:
    """Return (direct, indirect or total; the term's name, if given) of a row of spatial effects, else two blanks."""
    for kind, pattern in (
        ("indirect", r"(LR_?)?indirect( effects?)?|间接效应|溢出效应"),
        ("direct", r"(LR_?)?direct( effects?)?|直接效应"),
        ("total", r"(LR_?)?total( effects?)?|总效应"),
    ):
        found = re.search(pattern, label, re.IGNORECASE)
        if found:
            return kind, re.sub(r"^[\s:：_-]+|[\s:：_-]+$", "", label[: found.start()] + label[found.end() :])
    return "", ""


def lm_test(label: str) -> str:
    """Return lm_error, lm_lag, rlm_error or rlm_lag for a row of Lagrange multiplier tests, else a blank."""
    text = label.lower()
    if not re.search(r"lm|lagrange|拉格朗日", text):
        return ""
    kind = "error" if re.search(r"err|误差", text) else "lag" if re.search(r"lag\b|lag[^r]|滞后", text) else ""
    robust = re.search(r"robust|rlm|稳健", text)
    return f"{'r' if robust else ''}lm_{kind}" if kind else ""
