"""Types of the arrays in records."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]
Int16 = NDArray[np.int16]
Bool = NDArray[np.bool_]
