// The parts that commands are made of: inputs, records, gates, progress.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <locale>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/check.h"
#include "dagan/data/file.h"
#include "dagan/cli/gate.h"
#include "dagan/cli/inputs.h"
#include "dagan/cli/output.h"
#include "dagan/cli/progress.h"
#include "dagan/cli/records.h"
#include "tests/data_files.h"

using namespace dagan;
using testing::contains;
using testing::error_of;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("inputs: files, folders, patterns and lists") {
  const TemporaryFolder folder;
  folder.put("a/10.png", "x");
  folder.put("a/9.png", "x");
  folder.put("a/deep/9.png", "x");
  folder.put("b/9.JPG", "x");
  folder.put("notes.txt", "x");
  fs::create_directories(folder / "empty");
  std::istringstream none;
  const auto labels = [&](const Words& words, std::istream& list) {
    Words found;
    for (const Input& input : expand_inputs(words, list)) found.push_back(input.label.string());
    return found;
  };
  const std::string root = folder.path().string();
  CHECK(labels({root + "/a"}, none) == Words{"9", "10", "deep/9"});
  CHECK(labels({root + "/*/9.*"}, none) == Words{"a_9", "b_9"});
  CHECK(labels({root + "/a/9.png", root + "/a/9.png"}, none) == Words{"a_9", "a_9-2"});
  CHECK(labels({root + "/gone.png"}, none) == Words{"gone"});
  std::istringstream list(root + "/a/9.png\r\n\n" + root + "/b\n");
  CHECK(labels({"-"}, list) == Words{"a_9", "b_9"});
  CHECK(error_of([&] { expand_inputs({root + "/empty"}, none); }).second == 3);
  CHECK(error_of([&] { expand_inputs({root + "/*.bmp"}, none); }).second == 3);
  CHECK(error_of([&] { expand_inputs({"-"}, none); }).second == 3);
}

TEST_CASE("records: the formats that scripts read, in any locale") {
  const std::locale before = std::locale::global(std::locale(std::locale(), new Comma));
  const Record good{.path = "a, \"b\".png",
                    .error = "",
                    .score = 0.1f,
                    .threshold = 1234.5f,
                    .ratio = 0.25,
                    .p_value = 0.5};
  Record bad{.path = "c.png", .error = "c.png: is damaged"};
  CHECK(record_header("csv") == "path,verdict,score,threshold,ratio,p_value,error\n");
  CHECK(record_line(good, "csv") == "\"a, \"\"b\"\".png\",ok,0.1,1234.5,0.25,0.5,\n");
  CHECK(record_line(bad, "csv") == "c.png,error,,,,,c.png: is damaged\n");
  const auto line = nlohmann::json::parse(record_line(good, "jsonl"));
  CHECK(line.at("path") == "a, \"b\".png");
  CHECK(line.at("score") == 0.1);
  CHECK(line.at("verdict") == "ok");
  CHECK(line.at("error").is_null());
  const auto error = nlohmann::json::parse(record_line(bad, "jsonl"));
  CHECK(error.at("score").is_null());
  CHECK(error.at("verdict") == "error");
  bad.path = "\xff.png";
  CHECK_NOTHROW(nlohmann::json::parse(record_line(bad, "jsonl")));
  CHECK(record_line({.path = "n", .error = "", .defective = true}, "csv").starts_with("n,ng,"));
  CHECK(number_text(0.1f) == "0.1");
  CHECK(number_text(1e-7) == "1e-07");
  CHECK(decimal(0.1f) == 0.1);
  CHECK(csv_field("a\nb") == "\"a\nb\"");
  std::locale::global(before);
}

TEST_CASE("gates") {
  const Words known = {"image_auroc", "escape_rate"};
  const Requirement least = parse_requirement("image_auroc >= 0.9", known);
  CHECK(least.met_by(0.9));
  CHECK(!least.met_by(0.8999));
  const Requirement most = parse_requirement("escape_rate<=0.1", known);
  CHECK(most.met_by(0.1));
  CHECK(!most.met_by(0.11));
  for (const char* wrong : {"image_auroc", "image_auroc>0.9", "image_auroc>=", "image_auroc>=x",
                            "image_auroc==1", "image_auroc>=0.9x", "nothing>=1"}) {
    CHECK(error_of([&] { parse_requirement(wrong, known); }).second == 2);
  }
  const auto value = [](const std::string& name) {
    return name == "image_auroc" ? std::optional(0.5) : std::nullopt;
  };
  CHECK(unmet({least, most}, value) ==
        Words{"required image_auroc >= 0.9, but image_auroc is 0.5",
              "required escape_rate<=0.1, but escape_rate is undefined"});
}

TEST_CASE("progress: one line on a terminal, few lines elsewhere, none when quiet") {
  double now = 0;
  const auto clock = [&] { return now; };
  const auto watched = [&](ProgressOptions options) {
    std::ostringstream out;
    {
      Progress progress(out, options);
      progress.message("begin");
      for (std::int64_t step = 1; step <= 100; ++step, now += 0.5) {
        progress.step({step, 100, 0.25, 1.5, 80, 0.5 * double(100 - step)});
      }
      progress.warning("odd");
    }
    return out.str();
  };
  const std::string plain = watched({false, false, 80, clock});
  CHECK(plain.starts_with("begin\nstep 1/100  D 0.25  G 1.5  80 images/s  0:50 left\nstep 21/100"));
  CHECK(std::count(plain.begin(), plain.end(), '\n') == 8);  // begin, steps 1 21 41 61 81 100, odd
  CHECK(!contains(plain, "\r"));
  const std::string terminal = watched({true, false, 21, clock});
  CHECK(std::count(terminal.begin(), terminal.end(), '\n') == 3);
  CHECK(contains(terminal, "\r\x1b[Kstep 2/100  D 0.25  \r"));
  CHECK(terminal.ends_with("step 100/100  D 0.25\nwarning: odd\n"));
  CHECK(watched({true, true, 80, clock}) == "warning: odd\n");
  CHECK(contains(step_text({1, 2, 0, 0, 0, 3725}), "1:02:05 left"));
  CHECK(!contains(step_text({1, 2, 0, 0, 0, -1}), "left"));
}
