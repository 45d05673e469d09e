#include "dagan/cli/gate.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/check.h"
#include "dagan/cli/output.h"
#include "dagan/recipe/nearest.h"

namespace dagan {

Requirement parse_requirement(const std::string& text, const std::vector<std::string>& known) {
  const auto malformed = [&] {
    fail(Fault::usage, "--require ", text, ": expected NAME>=NUMBER or NAME<=NUMBER");
  };
  std::string plain = text;
  std::erase(plain, ' ');
  const std::size_t sign = plain.find_first_of("<>");
  if (sign == std::string::npos || plain.substr(sign + 1, 1) != "=") malformed();
  Requirement requirement{text, plain.substr(0, sign), plain[sign] == '>', 0};
  const char *begin = plain.data() + sign + 2, *end = plain.data() + plain.size();
  const auto number = std::from_chars(begin, end, requirement.bound);
  if (number.ec != std::errc() || number.ptr != end || !std::isfinite(requirement.bound)) {
    malformed();
  }
  check(Fault::usage, std::find(known.begin(), known.end(), requirement.name) != known.end(),
        "--require ", text, ": unknown number ", requirement.name, "; did you mean ",
        nearest(requirement.name, known), "?");
  return requirement;
}

std::vector<std::string> unmet(
    const std::vector<Requirement>& requirements,
    const std::function<std::optional<double>(const std::string&)>& value) {
  std::vector<std::string> sentences;
  for (const Requirement& requirement : requirements) {
    const std::optional<double> reached = value(requirement.name);
    if (reached && requirement.met_by(*reached)) continue;
    sentences.push_back("required " + requirement.text + ", but " + requirement.name + " is " +
                        (reached ? number_text(*reached) : "undefined"));
  }
  return sentences;
}

}  // namespace dagan
