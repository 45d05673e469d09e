// `--require 'image_auroc>=0.9'`: what a result must reach.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dagan {

struct Requirement {
  std::string text;  // as it was given
  std::string name;
  bool at_least = true;  // else at most
  double bound = 0;

  bool met_by(double value) const { return at_least ? value >= bound : value <= bound; }
};

// Throws Fault::usage for anything but NAME>=NUMBER or NAME<=NUMBER with a NAME of `known`.
Requirement parse_requirement(const std::string& text, const std::vector<std::string>& known);

// One sentence for each requirement that is not met; an undefined value meets none.
std::vector<std::string> unmet(
    const std::vector<Requirement>& requirements,
    const std::function<std::optional<double>(const std::string&)>& value);

}  // namespace dagan
