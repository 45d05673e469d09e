// Tables for people: columns as wide as their widest cell, numbers to the right.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "dagan/detect/intervals.h"

namespace dagan {

class Table {
 public:
  // One heading a column; one that begins with '>' has its column set to the right.
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);  // one a column
  friend std::ostream& operator<<(std::ostream&, const Table&);

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

// "-" for what is undefined; the same in every locale.
std::string fixed(std::optional<double> value, int digits = 3);              // 0.953
std::string percent(std::optional<double> share, int digits = 1);            // 4.2 %
std::string range(const std::optional<Interval>& interval, int digits = 3);  // 0.911 .. 0.982

}  // namespace dagan
