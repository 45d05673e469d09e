// What several commands need to write their results.
#pragma once
#include <string>

namespace dagan {

// The shortest text that reads back as the same number, with a '.', whatever the locale.
std::string number_text(double value);
std::string number_text(float value);

// The double whose shortest text is that of the float: 0.1, not 0.10000000149011612.
double decimal(float value);

// Flushes standard output. Throws Fault::output if anything could not be written; a line-buffered
// one may have lost it long before.
void finish_standard_output();

// Writes a JSON object to standard output: as it is, or one "name  value" line for each of its
// values.
void print_object(const std::string& json, const std::string& format);

}  // namespace dagan
