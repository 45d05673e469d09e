"""Writes metrics.h: what scikit-learn, SciPy and brute force say about fixed sets of scores and maps.

python3 make_metrics.py > metrics.h    (numpy, scipy, scikit-learn)
"""
import numpy as np
from scipy import ndimage, stats
from sklearn import metrics


def image_case(name, scores, labels):
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    f1 = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-300))
    auroc = metrics.roc_auc_score(labels, scores)
    return (name, scores, labels, [auroc, metrics.average_precision_score(labels, scores), f1])


def aupro(maps, masks, limit):
    """Every threshold, every region, one by one."""
    regions = []
    for m, mask in zip(maps, masks):
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        regions += [m[labels == i + 1] for i in range(count)]
    good = np.concatenate([m[mask == 0] for m, mask in zip(maps, masks)])
    points = [(0.0, 0.0)]
    for threshold in sorted({v for m in maps for v in m.ravel()}, reverse=True):
        points.append((np.mean(good >= threshold), np.mean([np.mean(r >= threshold) for r in regions])))
    x, y = np.array(points).T
    inside = x <= limit
    x_cut = np.append(x[inside], limit)
    y_cut = np.append(y[inside], np.interp(limit, x, y))
    return float(np.trapezoid(y_cut, x_cut) / limit)


def numbers(values):
    text = ""
    line = "   "
    for value in values:
        word = f" {value},"
        if len(line) + len(word) > 100:
            text, line = text + line + "\n", "   "
        line += word
    return text + line + "\n"


def main():
    rng = np.random.default_rng(0)
    cases = []
    labels = rng.integers(0, 2, 60)
    cases.append(image_case("distinct", rng.permutation(60) / 64 + labels * 0.25, labels))
    labels = rng.integers(0, 2, 80)
    cases.append(image_case("ties", rng.integers(0, 6, 80) / 4 + labels * 0.5, labels))
    labels = (np.arange(50) % 10 == 0).astype(int)
    cases.append(image_case("rare", rng.integers(0, 40, 50) / 8 + labels * 2, labels))
    cases.append(image_case("all equal", np.full(12, 0.5), (np.arange(12) < 5).astype(int)))
    cases.append(image_case("reversed", np.arange(10) / 2, (np.arange(10) < 4).astype(int)))

    print("// Made by make_metrics.py. Do not edit.\n#pragma once\n#include <cstdint>\n#include <vector>\n")
    print("namespace dagan::golden {\n")
    print("struct ImageCase {\n  const char* name;\n  std::vector<float> scores;\n"
          "  std::vector<std::uint8_t> defect;\n  double auroc, average_precision, f1;\n};")
    print("inline const std::vector<ImageCase> kImageCases = {")
    for name, scores, labels, values in cases:
        print(f'  {{"{name}",\n   {{\n{numbers(scores)}   }},\n   {{\n{numbers(labels)}   }},')
        print("   " + ", ".join(repr(float(v)) for v in values) + "},")
    print("};\n")

    # Values of 7 bits, so that no two share a histogram bin by accident.
    height, width, images = 9, 11, 4
    maps, masks = [], []
    for i in range(images):
        mask = ndimage.binary_opening(rng.random((height, width)) < 0.75, np.ones((2, 2))) if i else \
            np.zeros((height, width), bool)
        masks.append(mask.astype(int))
        maps.append((rng.integers(0, 90, (height, width)) + 30 * mask) / 128)
    all_maps, all_masks = np.concatenate([m.ravel() for m in maps]), np.concatenate([m.ravel() for m in masks])
    count = sum(ndimage.label(mask, structure=np.ones((3, 3)))[1] for mask in masks)
    print(f"// {images} maps of {height} x {width}, the first without defects.")
    print(f"constexpr int kImages = {images}, kHeight = {height}, kWidth = {width}, kRegions = {count};")
    print(f"inline const std::vector<float> kMaps = {{\n{numbers(all_maps)}}};")
    print(f"inline const std::vector<std::uint8_t> kMasks = {{\n{numbers(all_masks)}}};")
    print(f"constexpr double kPixelAuroc = {metrics.roc_auc_score(all_masks, all_maps)!r};")
    for limit in (0.3, 0.05, 1.0):
        print(f"constexpr double kAupro{round(limit * 100)} = {aupro(maps, masks, limit)!r};")

    print("\n// Clopper and Pearson's interval: events, count, level, low, high.")
    print("struct RateCase {\n  int events, count;\n  double level, low, high;\n};")
    print("inline const std::vector<RateCase> kRateCases = {")
    for events, count, level in ((0, 20, 0.95), (1, 20, 0.95), (20, 20, 0.95), (13, 57, 0.9), (400, 1000, 0.99)):
        tail = (1 - level) / 2
        low = stats.beta.ppf(tail, events, count - events + 1) if events else 0.0
        high = stats.beta.ppf(1 - tail, events + 1, count - events) if events < count else 1.0
        print(f"    {{{events}, {count}, {level}, {float(low)!r}, {float(high)!r}}},")
    print("};\n\n}  // namespace dagan::golden")


main()
