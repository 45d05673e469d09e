#include <iostream>

#include "dagan/cli/commands.h"
#include "dagan/cli/help.h"

namespace dagan {

int run_man(const Arguments&) {
  std::cout << man_page();
  return 0;
}

}  // namespace dagan
