#include "dagan/data/synth.h"

#include <iostream>

#include "dagan/cli/commands.h"
#include "dagan/cli/options.h"

namespace dagan {

int run_synth(const Arguments& arguments) {
  const std::string out = arguments.text("--out");
  write_synthetic_set(out, {.size = arguments.count("--size"),
                            .train = arguments.count("--train"),
                            .test_good = arguments.count("--good"),
                            .test_defect = arguments.count("--defects"),
                            .seed = std::uint64_t(arguments.count("--seed")),
                            .kind = arguments.text("--kind"),
                            .channels = int(arguments.count("--channels"))});
  if (!arguments.has("--quiet")) std::cerr << "next: dagan train --data " << out << " --out run\n";
  std::cout << out << "\n";
  return 0;
}

}  // namespace dagan
