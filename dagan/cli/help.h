// What the table of options says, as text for people: --help and the manual page.
#pragma once
#include <string>

#include "dagan/cli/options.h"

namespace dagan {

std::string version_text();             // "dagan 0.1.0"
std::string help_text(const Command*);  // null: the program as a whole
std::string man_page();                 // roff, all commands

}  // namespace dagan
