"""The formula behind each indicator, as the documents of the indicators state it, in one line."""

FORMULAS = {
    "sophistication": (
        "EXPY_i = sum_k (x_ik / X_i) PRODY_k; PRODY_k = sum_j [(x_jk / X_j) / sum_j (x_jk / X_j)] Y_j "
        "(Hausmann, Hwang and Rodrik 2007)"
    ),
    "cooperation": "patents with at least two organisations as applicants, by city of an applicant and year",
    "complexity": "ECI_i = standardised second eigenvector of sum_k M_ik M_jk / (d_i u_k), M = 1{RCA >= threshold}",
    "quality": (
        "ln q + sigma ln p = product + destination x year + e; quality = e / (sigma - 1), scaled to 0-1, "
        "value-weighted by city and year"
    ),
    "disparity": "y_i against the cities compared in the year: |ln y_i - ln mean|, frontier, dyadic, Theil, Gini",
    "productivity": "ln Y - a ln K - (1 - a) ln L, or the log Malmquist index; K by perpetual inventory",
    "integration": "1 / root of the mean over partners of the variance over categories of demeaned |dQ|",
    "specialisation": "sum over sectors of |e_is / e_i - e_s / e| (Krugman 1991)",
    "exposure": "z_it = sum_j w_ij (J_jt - w_ijt) / (J_j - w_ij), base-year shares w_ij",
}
# Indicators in which other cities, or other years, enter the value of each city and year.
WHOLE_TABLE = {"complexity", "quality", "disparity", "productivity", "integration", "specialisation", "exposure"}
NETWORK = {"partners", "strength", "eigenvector", "betweenness", "gravity"}
