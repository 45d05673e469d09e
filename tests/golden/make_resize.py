"""Writes resize.h: what Pillow's BILINEAR resize makes of float images of whole numbers.

python3 make_resize.py > resize.h    (numpy, Pillow)
"""
import numpy as np
from PIL import Image

CASES = [  # height, width, target height, target width, largest value
    (13, 17, 5, 6, 255),
    (9, 7, 4, 11, 255),
    (6, 5, 13, 9, 255),
    (40, 33, 7, 8, 65535),
    (5, 1, 1, 4, 255),
]


def picture(height, width, largest):
    """Multiplicative hashing of the pixel's number; image_kernels_test.cpp makes the same."""
    i = np.arange(height * width, dtype=np.uint64)
    return (((i + 1) * 2654435761 % 2**32) >> 8) & largest


print("""// Written by make_resize.py: do not edit.
#pragma once
#include <vector>

namespace dagan::golden {

struct Resize {
  int height, width, target_height, target_width, largest;
  std::vector<float> values;
};

inline const std::vector<Resize> kResize = {""")
for h, w, p, q, largest in CASES:
    image = Image.fromarray(picture(h, w, largest).reshape(h, w).astype(np.float32), mode="F")
    values = np.asarray(image.resize((q, p), Image.BILINEAR)).ravel()
    print(f"    {{{h}, {w}, {p}, {q}, {largest}, {{")
    texts = [np.format_float_positional(v, unique=True, trim="0") + "f" for v in values]
    for i in range(0, len(texts), 8):
        print("        " + ", ".join(texts[i:i + 8]) + ",")
    print("    }},")
print("""};

}  // namespace dagan::golden""")
