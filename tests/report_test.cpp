#include <doctest/doctest.h>

#include <limits>
#include <sstream>

#include "core/check.h"
#include "dagan/report/table.h"

namespace dagan {
namespace {

std::string printed(const Table& table) {
  std::ostringstream out;
  out << table;
  return out.str();
}

TEST_CASE("columns are as wide as their widest cell, numbers stand to the right") {
  Table table({"type", ">count", "note"});
  table.add({"scratch", "3", "a"});
  table.add({"dent", "120", ""});
  CHECK(printed(table) ==
        "type     count  note\n"
        "scratch      3  a\n"
        "dent       120\n");
  CHECK_THROWS_AS(table.add({"too", "few"}), Error);
}

TEST_CASE("characters count, not bytes; a table without headings has no heading line") {
  Table table({"", ">"});
  table.add({"Füße", "1"});
  table.add({"abcd", "22"});
  CHECK(printed(table) == "Füße   1\nabcd  22\n");
}

TEST_CASE("numbers for people") {
  CHECK(fixed(0.95349) == "0.953");
  CHECK(fixed(0.95349, 1) == "1.0");
  CHECK(fixed(std::nullopt) == "-");
  CHECK(fixed(std::numeric_limits<double>::max()).size() > 300);
  CHECK(percent(0.0417) == "4.2 %");
  CHECK(percent(std::nullopt) == "-");
  CHECK(range(Interval{0.911, 0.98249}) == "0.911 .. 0.982");
  CHECK(range(std::nullopt) == "-");
}

}  // namespace
}  // namespace dagan
