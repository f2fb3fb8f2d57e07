"""Steps of the account of raw rows, and the reasons for which rows leave, English and Chinese side by side.

Places in reasons: `{names}` are texts joined by commas, all others are copied. The first reason that fits is taken,
so special ones come first.
"""

STEPS: dict[str, tuple[str, str]] = {
    "read": ("Rows read", "读入"),
    "exports_only": ("Exports only", "仅保留出口"),
    "duplicates": ("Duplicates", "重复记录"),
    "key_fields": ("Key fields present", "关键字段完整"),
    "hs8_repaired": ("HS code of 8 digits", "HS8 编码修复"),
    "positive": ("Value and quantity above 0", "金额与数量为正"),
    "destination": ("Destination", "目的国（地区）"),
    "special_chapters": ("Special chapters", "特殊章"),
    "regime": ("Trade regime", "贸易方式"),
    "intermediaries": ("Trading firms", "贸易中间商"),
    "hs_harmonised": ("HS revision harmonised", "HS 版本统一"),
    "unit": ("Unit of quantity", "计量单位一致"),
    "collapse": ("Added up to yearly flows", "加总为年度流量"),
    "unit_value": ("Unit value", "单位价值"),
    "small_flows": ("Small flows", "微小流量"),
    "scope": ("Goods in scope", "商品范围"),
    "thin_products": ("Thin products", "观测过少的产品"),
    "sigma": ("Elasticity known", "替代弹性可得"),
    "price_instrument": ("Instrument for the price", "价格工具变量"),
    "standardisation": ("Scaled to [0, 1]", "标准化至 [0, 1]"),
    "city_mapped": ("City known", "城市可识别"),
    "coverage": ("Coverage", "覆盖率"),
    "panel": ("Panel of cities", "城市面板"),
    "prody": ("PRODY of the product known", "产品的 PRODY 可得"),
}
NOT_APPLIED = "not applied: "
REASONS: dict[str, str] = {
    # read
    "the file holds the same bytes as another": "文件与另一文件逐字节相同",
    "{count} fields where the headers have {width}": "字段数为 {count}，而表头为 {width}",
    "not valid {encoding}": "不是有效的 {encoding}",
    "a quote that never closes": "引号未闭合",
    "an empty line": "空行",
    "a NUL byte": "含空字节",
    # 1 to 6, at intake
    "import": "进口",
    "export flag unknown": "进出口标志无法识别",
    "the same row stands earlier": "与前面某行完全相同",
    "neither firm code nor name": "既无企业编码也无企业名称",
    "no commodity code": "无商品编码",
    "no destination": "无目的国",
    "no value": "无金额",
    "no year in row or file name": "记录与文件名均无年份",
    "the date is no year or month": "日期不是年或月",
    "commodity code is not 8 digits (6 where the source has no more)": "商品编码不是 8 位（来源只有 6 位者按 6 位）",
    "commodity code is not 8 digits": "商品编码不是 8 位",
    "leading zero restored": "补回首位零",
    "value is not a number": "金额不是数字",
    "value is zero or negative": "金额为零或负",
    "quantity is not a number": "数量不是数字",
    "quantity is negative": "数量为负",
    "quantity is zero": "数量为零",
    "quantity is missing": "数量缺失",
    "China: a re-import": "目的国为中国（复进口）",
    "a re-import: the destination is the exporting country": "目的国为出口国自身（复进口）",
    "destination unknown by declaration": "申报为国别不详",
    "a continent, not a country": "洲别而非国别",
    "destination not in registers/countries.csv": "目的国不在 registers/countries.csv 中",
    "historic code merged": "历史国别代码合并",
    # 5 to 16, cleaning
    "value or quantity is missing": "金额或数量缺失",
    "value or quantity is not above zero": "金额或数量不为正",
    "left out: {names}": "剔除：{names}",
    "left out:": "另行剔除的目的国",
    "chapter {names}": "第 {names} 章",
    "chapter": "特殊章",
    "trade regime other than {names}": "贸易方式不是{names}",
    "trade regime other than": "贸易方式",
    "name of the firm contains {word}": "企业名称含“{word}”",
    "trading firm by its name": "按名称识别的贸易企业",
    "code unknown to the conversion table": "换算表中没有该编码",
    "code with several codes in the base revision": "一个编码对应基准版本的多个编码",
    "unit of quantity not in registers/customs_units.csv": "计量单位不在 registers/customs_units.csv 中",
    "quantity not in the product's modal unit": "数量单位不是该产品的众数单位",
    "rows of one firm, place, product, destination and year are added up": (
        "同一企业、地点、产品、目的国、年份的记录加总"
    ),
    "unit value outside {low} to {high} of its chapter and year": "单位价值在同章同年的 {low} 至 {high} 分位之外",
    "unit value outside {low} to {high} of its chapter": "单位价值在同章的 {low} 至 {high} 分位之外",
    "yearly value below {least} US$": "年金额低于 {least} 美元",
    "yearly quantity below {least}": "年数量低于 {least}",
    "not a manufacture (chapters {first} to {last})": "非制成品（制成品为第 {first} 至 {last} 章）",
    "class of Rauch {names}": "Rauch 分类：{names}",
    "class of Rauch": "Rauch 分类",
    "product with fewer than {least} flows": "流量少于 {least} 条的产品",
    # 17 to 22, quality
    "no sigma for the product": "该产品没有 sigma",
    "sigma not above 1": "sigma 不大于 1",
    "no price in another destination": "在其他目的国没有价格",
    "sigma of the product not identified": "该产品的 sigma 无法识别",
    "estimated sigma not above 1": "估计的 sigma 不大于 1",
    "quality outside {low} to {high} of its product and year": "质量在同产品同年的 {low} 至 {high} 分位之外",
    "quality outside {low} to {high} of its product": "质量在同产品的 {low} 至 {high} 分位之外",
    "no two distinct values in its product and year": "同产品同年没有两个不同的值",
    "no two distinct values in its product": "同产品没有两个不同的值",
    "place without a prefecture in registers/customs_areas.csv": "地点在 registers/customs_areas.csv 中没有对应地级市",
    "registered place has no prefecture in registers/customs_areas.csv": (
        "注册地在 registers/customs_areas.csv 中没有对应地级市"
    ),
    "production place has no prefecture in registers/customs_areas.csv": (
        "生产地在 registers/customs_areas.csv 中没有对应地级市"
    ),
    "place of a prefecture that was merged: counted to its successor": "地点所属地级市已并入他市：计入后继城市",
    "place of a prefecture that was divided: its successor is not known": "地点所属地级市已被拆分：后继城市不明",
    "place of a prefecture that ends later: `base_year` of intake.customs counts it to its successor": (
        "地点所属地级市日后撤销：intake.customs 的 `base_year` 可计入后继城市"
    ),
    "city-year with less than {share} of its value covered (flagged, kept)": (
        "覆盖金额不足 {share} 的城市—年份（标记，保留）"
    ),
    "city-year with less than {share} of its value covered": "覆盖金额不足 {share} 的城市—年份",
    "city that was merged or split": "发生过合并或拆分的城市",
    "city without a value in every year": "并非每年都有取值的城市",
    # other indicators of exports
    "city unmapped": "地点没有对应地级市",
    "product without PRODY": "产品没有 PRODY",
}
