"""Estimators: a panel and a specification in, a result record out."""
