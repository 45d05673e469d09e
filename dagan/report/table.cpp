#include "dagan/report/table.h"

#include <algorithm>
#include <charconv>
#include <ostream>

#include "core/check.h"

namespace dagan {
namespace {

// Characters on the terminal: bytes of UTF-8 that continue one do not count.
std::size_t columns_of(const std::string& cell) {
  return std::size_t(std::count_if(cell.begin(), cell.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string digits_of(double value, int digits) {
  char text[400];  // the largest double has 309 digits
  const auto end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed, digits);
  return {text, end.ptr};
}

std::string line(const std::vector<std::string>& cells, const std::vector<bool>& right,
                 const std::vector<std::size_t>& widths) {
  std::string result;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string space(widths[i] - columns_of(cells[i]), ' ');
    result += (i ? "  " : "") + (right[i] ? space + cells[i] : cells[i] + space);
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result + "\n";
}

}  // namespace

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (std::string& heading : headings_) {
    right_.push_back(heading.starts_with('>'));
    if (right_.back()) heading.erase(0, 1);
  }
}

void Table::add(std::vector<std::string> cells) {
  check(cells.size() == headings_.size(), "[table] ", cells.size(), " cells for ", headings_.size(),
        " columns");
  rows_.push_back(std::move(cells));
}

std::ostream& operator<<(std::ostream& out, const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.headings_.size(); ++i) {
    widths.push_back(columns_of(table.headings_[i]));
    for (const auto& row : table.rows_) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  const auto is_empty = [](const std::string& heading) { return heading.empty(); };
  if (!std::all_of(table.headings_.begin(), table.headings_.end(), is_empty)) {
    out << line(table.headings_, table.right_, widths);
  }
  for (const auto& row : table.rows_) out << line(row, table.right_, widths);
  return out;
}

std::string fixed(std::optional<double> value, int digits) {
  return value ? digits_of(*value, digits) : "-";
}

std::string percent(std::optional<double> share, int digits) {
  return share ? digits_of(*share * 100, digits) + " %" : "-";
}

std::string range(const std::optional<Interval>& interval, int digits) {
  if (!interval) return "-";
  return digits_of(interval->low, digits) + " .. " + digits_of(interval->high, digits);
}

}  // namespace dagan
