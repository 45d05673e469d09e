// What eval, detect and info print, write and return.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/cli_workshop.h"

using namespace dagan;
using namespace dagan::testing;
using Json = nlohmann::json;

namespace {

std::size_t lines(const std::string& text) {
  return std::size_t(std::count(text.begin(), text.end(), '\n'));
}

constexpr const char* kHeader = "path,verdict,score,threshold,ratio,p_value,error";

}  // namespace

TEST_CASE("eval prints one object with the numbers that scripts read") {
  const Outcome outcome = workshop().run("eval run --format json");
  CHECK(outcome.code == 0);
  const Json json = Json::parse(outcome.out);
  for (const char* name : {"image_auroc", "pixel_auroc", "average_precision", "threshold",
                           "false_reject_rate", "escape_rate"}) {
    INFO(std::string(name));
    CHECK(json.at(name).is_number());
    if (std::string(name) != "threshold") CHECK(json.at("intervals").contains(name));
  }
  CHECK(json.at("counts").at("good") == 8);
  CHECK(json.at("counts").at("defect").get<int>() == 4 * int(json.at("per_type").size()));

  const Outcome table = workshop().run("eval run/model.dagan --data set -q");
  CHECK(table.code == 0);
  CHECK(table.err.empty());
  CHECK(table.out.find("image_auroc") != std::string::npos);
}

TEST_CASE("eval: what one class cannot say is null, and no gate passes on it") {
  workshop().shell("mkdir -p good/test/good && cp set/test/good/* good/test/good");
  const Outcome outcome = workshop().run("eval run --data good --format json");
  CHECK(outcome.code == 0);
  const Json json = Json::parse(outcome.out);
  for (const char* name : {"image_auroc", "pixel_auroc", "average_precision", "escape_rate"}) {
    CHECK(json.at(name).is_null());
  }
  CHECK(json.at("false_reject_rate").is_number());
  CHECK(workshop().run("eval run --data good").out.find("undefined") != std::string::npos);
  refused(8, "eval run --data good --require 'image_auroc>=0'", "image_auroc is undefined");
}

TEST_CASE("eval: gates and files") {
  CHECK(workshop().run("eval run --require 'image_auroc>=0' --require 'escape_rate<=1'").code == 0);
  refused(8, "eval run --require 'image_auroc>=0' --require 'image_auroc<=-1'", "image_auroc<=-1");
  CHECK(workshop().run("eval run -q --out result").code == 0);
  CHECK(Json::parse(content(workshop().folder / "result/metrics.json")).contains("image_auroc"));
  const std::string csv = content(workshop().folder / "result/results.csv");
  CHECK(csv.starts_with("path,type,defect,score,threshold,verdict\n"));
  const Json counts = Json::parse(workshop().run("eval run --format json").out).at("counts");
  CHECK(lines(csv) ==
        1 + counts.at("good").get<std::size_t>() + counts.at("defect").get<std::size_t>());
  CHECK(!fs::is_empty(workshop().folder / "result/worst"));
  workshop().folder.put("result/worst/good_07_of_an_earlier_run.png", "");
  CHECK(workshop().run("eval run --out result -q").code == 0);
  CHECK(!fs::exists(workshop().folder / "result/worst/good_07_of_an_earlier_run.png"));
}

TEST_CASE("detect: formats, pictures and verdicts") {
  const Outcome csv = workshop().run("detect run set/test/good --format csv");
  CHECK(csv.code == 0);
  CHECK(csv.out.starts_with(text(kHeader, "\nset/test/good/000.png,")));
  CHECK(lines(csv.out) == 9);
  CHECK(csv.err.ends_with(" ng, 0 unreadable\n"));
  CHECK(workshop().run("detect run set/test/good --format csv -o list.csv").out.empty());
  CHECK(content(workshop().folder / "list.csv") == csv.out);
  const Outcome piped =
      workshop().shell("ls set/test/good/*.png | dagan detect run - --format csv -q");
  CHECK(piped.out == csv.out);
  CHECK(piped.err.empty());

  std::istringstream records(
      workshop().run("detect run 'set/test/good/00[01].png' --format jsonl").out);
  for (std::string line; std::getline(records, line);) {
    const Json record = Json::parse(line);
    CHECK(record.at("threshold").get<double>() > 0);
    CHECK(record.at("ratio").get<double>() ==
          doctest::Approx(record.at("score").get<double>() / record.at("threshold").get<double>()));
    CHECK(record.at("p_value").get<double>() > 0);
    CHECK(record.at("error").is_null());
  }

  const std::string all = "detect run set/test/good/000.png -q --format csv ";
  CHECK(workshop().run(all + "--threshold 1e9 --fail-on ng").code == 0);
  const Outcome ng = workshop().run(all + "--threshold -1 --fail-on ng");
  CHECK(ng.code == 8);
  CHECK(ng.out.find(",ng,") != std::string::npos);
  CHECK(workshop().run(all + "--threshold -1").code == 0);
  CHECK(workshop().run("detect run set/test/good/000.png --threshold -1").out.find("  - ") !=
        std::string::npos);

  CHECK(workshop().run(all + "--heatmap maps --overlay overlays").code == 0);
  for (const char* file : {"maps/000.png", "overlays/000.png"}) {
    CHECK(read_image(workshop().folder / file).shape.h == 32);
  }
}

TEST_CASE("detect: no picture takes the place of an input or of another picture") {
  const TemporaryFolder& folder = workshop().folder;
  workshop().shell("cp -r set/test/good kept && ln -s kept alias");
  const std::string before = content(folder / "kept/003.png");
  refused(6, "detect run kept --heatmap kept", "kept/000.png");
  refused(6, "detect run kept/003.png --overlay alias", "alias/003.png");
  refused(2, "detect run kept --overlay both --heatmap ./both", "both");
  CHECK(content(folder / "kept/003.png") == before);
  CHECK(workshop().run("detect run kept --overlay drawn -q").code == 0);
  CHECK(workshop().run("detect run kept --overlay drawn -q").code == 0);
}

TEST_CASE("detect: an image that cannot be read is a record, and the rest goes on") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string png = content(folder / "set/test/good/000.png");
  folder.put("bad/a_text.png", "hello");
  folder.put("bad/b_truncated.png", std::string_view(png).substr(0, png.size() / 2));
  folder.put("bad/c_good.png", png);
  folder.put("bad/d_deep.pgm", std::string("P5 32 32 65535\n") + std::string(2048, 'x'));
  folder.put("bad/e_small.pgm", std::string("P5 8 8 255\n") + std::string(64, 'x'));
  folder.put("bad/f_colour.ppm", std::string("P6 32 32 255\n") + std::string(3072, 'x'));
  const Outcome outcome = workshop().run("detect run bad bad/gone.png --format csv --fail-on ng");
  CHECK(outcome.code == 3);
  CHECK(outcome.err.ends_with(" 6 unreadable\n"));
  std::istringstream records(outcome.out);
  std::string line;
  std::getline(records, line);
  CHECK(line == kHeader);
  for (const char* start :
       {"bad/a_text.png,error,,,,,", "bad/b_truncated.png,error,,,,,", "bad/c_good.png,o",
        "bad/d_deep.pgm,error,,,,,", "bad/e_small.pgm,error,,,,,", "bad/f_colour.ppm,error,,,,,",
        "bad/gone.png,error,,,,,"}) {
    std::getline(records, line);
    INFO(line);
    CHECK((line.starts_with(start) || line.starts_with("bad/c_good.png,ng")));
    if (line.find(",error,") != std::string::npos)
      CHECK(line.size() > std::string(start).size() + 10);
  }
}

TEST_CASE("info") {
  const Json json = Json::parse(workshop().run("info run --format json").out);
  CHECK(json.at("threshold").get<double>() > 0);
  CHECK(json.at("recipe").at("train.steps") == 30);
  CHECK(json.at("preprocessing").at("size") == 32);
  CHECK(workshop().run("info run/model.dagan").out.find("recipe.train.steps") != std::string::npos);
}

#if defined(_OPENMP)
TEST_CASE("waiting threads sleep, unless somebody wants them to spin") {
  const char* const words =
      "OMP_DISPLAY_ENV=true '" DAGAN_PROGRAM "' doctor 2>&1 | grep WAIT_POLICY";
  CHECK_CONTAINS(workshop().shell(std::string("unset OMP_WAIT_POLICY; ") + words).out, "'PASSIVE'");
  CHECK_CONTAINS(workshop().shell(std::string("OMP_WAIT_POLICY=active ") + words).out, "'ACTIVE'");
}
#endif
