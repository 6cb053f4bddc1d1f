"""multiplies matrices"""
# needs: numpy

import numpy

assert numpy.eye(3).dot(numpy.ones(3)).sum() == 3
