"""What each package of requirements.txt computes, so that its extension modules have to work.

It is packed with them. Each module has a function `compute` that fails unless all results are
right.
"""
