// What several commands need to write their results.
#pragma once
#include <string>

namespace dagan {

// A number with all its digits and a '.', whatever the locale.
std::string number_text(double value);

// A field of a CSV line, quoted where RFC 4180 asks for it.
std::string csv_field(const std::string& text);

// Writes a JSON object to standard output: as it is, or one "name  value" line for each of its
// values.
void print_object(const std::string& json, const std::string& format);

}  // namespace dagan
