"""The formula behind each indicator, as docs and docstrings of the indicators state it, in one line."""

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
}
# Indicators in which every city of a year enters the value of each.
WHOLE_YEAR = {"complexity", "quality"}
NETWORK = {"partners", "strength", "eigenvector", "betweenness", "gravity"}
