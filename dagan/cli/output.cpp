#include "dagan/cli/output.h"

#include <charconv>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/check.h"

namespace dagan {

namespace {

template <class Number>
std::string shortest(Number value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

}  // namespace

std::string number_text(double value) { return shortest(value); }
std::string number_text(float value) { return shortest(value); }

double decimal(float value) {
  const std::string text = shortest(value);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

namespace {

void print_rows(const nlohmann::ordered_json& object, const std::string& prefix) {
  for (const auto& [name, value] : object.items()) {
    const std::string full = prefix + name;
    if (value.is_object()) {
      print_rows(value, full + ".");
      continue;
    }
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    std::cout << full << std::string(full.size() < 26 ? 26 - full.size() : 1, ' ') << shown << "\n";
  }
}

}  // namespace

void finish_standard_output() {
  std::cout.flush();
  check(Fault::output, std::cout && std::ferror(stdout) == 0,
        "standard output cannot be written; is the disk full?");
}

void print_object(const std::string& json, const std::string& format) {
  if (format == "json") {
    std::cout << json << "\n";
  } else {
    print_rows(nlohmann::ordered_json::parse(json), "");
  }
}

}  // namespace dagan
