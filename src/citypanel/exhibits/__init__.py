"""From result records to exhibits: tables in every format readers use, figures, English and Chinese.

The only input is result records and an exhibit's declaration; nothing is computed here but rounding, and
the smoothing of many draws into a curve. Some figures also show files: matrices of weights, pairs of cities.
"""
