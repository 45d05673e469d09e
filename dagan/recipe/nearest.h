// "Did you mean ...?": the known name that a mistyped one is closest to.
#pragma once
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace dagan {

// Letters to insert, delete or replace to turn `a` into `b`. Time |a|*|b|.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t(0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

// The closest of `names`; the first among equals; empty if there are none.
inline std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  const auto closer = [&](const std::string& a, const std::string& b) {
    return edit_distance(word, a) < edit_distance(word, b);
  };
  const auto best = std::min_element(names.begin(), names.end(), closer);
  return best == names.end() ? std::string() : *best;
}

}  // namespace dagan
