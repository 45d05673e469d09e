// The program as other people's scripts see it: exit codes, standard output and error, files.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/data_files.h"

using namespace dagan;
using testing::TemporaryFolder;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Outcome {
  int code;
  std::string out, err;
};

// A folder with a small set and a model trained on it, made once by the program itself.
class Workshop {
 public:
  Workshop() {
    const Outcome set = run("synth --out set --size 32 --train 72 --good 8 --defects 4");
    REQUIRE_MESSAGE(set.code == 0, set.err);
    REQUIRE(set.out == "set\n");
    const Outcome training = run("train --data set --out run --recipe tiny --steps 30");
    REQUIRE_MESSAGE(training.code == 0, training.err);
    REQUIRE(training.out == "run/model.dagan\n");
  }

  // Runs a shell command line inside the folder, where `dagan` is the program.
  Outcome shell(const std::string& line) const {
    const fs::path out = folder / "stdout.txt", err = folder / "stderr.txt";
    const std::string command = "cd '" + folder.path().string() +
                                "' && dagan() { '" DAGAN_PROGRAM
                                "' \"$@\"; } && export LC_ALL=C && { " +
                                line + "; } > stdout.txt 2> stderr.txt";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(out), content(err)};
  }
  Outcome run(const std::string& words) const { return shell("dagan --threads 1 " + words); }

  TemporaryFolder folder;
};

const Workshop& workshop() {
  static const Workshop made;
  return made;
}

// Runs, checks the exit code and that standard error ends with one line that holds `part`.
void refused(int code, const std::string& words, const std::string& part) {
  const Outcome outcome = workshop().run(words);
  INFO(words);
  INFO(outcome.err);
  CHECK(outcome.code == code);
  REQUIRE(outcome.err.ends_with('\n'));
  const std::string last = outcome.err.substr(outcome.err.rfind('\n', outcome.err.size() - 2) + 1);
  CHECK(last.starts_with("dagan: "));
  CHECK(last.find(part) != std::string::npos);
}

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

  CHECK(workshop().run(all + "--heatmap maps --overlay overlays").code == 0);
  for (const char* file : {"maps/000.png", "overlays/000.png"}) {
    CHECK(read_image(workshop().folder / file).shape.h == 32);
  }
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

TEST_CASE("data that cannot be used: code 3") {
  const TemporaryFolder& folder = workshop().folder;
  fs::create_directories(folder / "empty");
  refused(3, "train --data nowhere --out new", "nowhere");
  refused(3, "train --data empty --out new", "empty");
  refused(3, "eval run --data nowhere", "nowhere");
  refused(3, "eval run --data set/train", "test");
  refused(3, "detect run empty", "empty");
  refused(3, "detect run 'nothing*.png'", "nothing*.png");

  workshop().shell(
      "mkdir -p few mixed/good deep/good torn/good && cp set/train/good/00[0-3].png few && "
      "for d in mixed deep torn; do cp set/train/good/0[0-2]*.png $d/good; done");
  refused(3, "train --data few --out new --recipe tiny", "few");
  folder.put("mixed/good/zz.pgm", std::string("P5 8 8 255\n") + std::string(64, 'x'));
  refused(3, "train --data mixed --out new --recipe tiny", "zz.pgm");
  folder.put("deep/good/zz.pgm", std::string("P5 32 32 65535\n") + std::string(2048, 'x'));
  refused(3, "train --data deep --out new --recipe tiny", "zz.pgm");
  folder.put("torn/good/zz.png", "hello");
  refused(3, "train --data torn --out new --recipe tiny", "zz.png");
  CHECK(!fs::exists(folder / "new"));

  workshop().shell(
      "mkdir -p leak/test/good leak/test/spot && cp set/train/good/003.png leak/test/good/a.png "
      "&& cp set/test/spot/000.png leak/test/spot");
  refused(3, "eval run --data leak", "leak/test/good/a.png");
}

TEST_CASE("recipes and options: code 2") {
  const TemporaryFolder& folder = workshop().folder;
  folder.put("wrong.toml", "[train]\nsteps = \"many\"\n");
  folder.put("unknown.toml", "[train]\nstesp = 3\n");
  refused(2, "train --data set --out new --recipe wrong.toml",
          "wrong.toml:2: train.steps is a string");
  refused(2, "train --data set --out new --recipe unknown.toml", "did you mean train.steps?");
  refused(2, "train --data set --out new --set train.stesp=3", "did you mean train.steps?");
  refused(2, "train --data set --out new --recipe tiny --set data.size=36", "multiple of 16");
  refused(2, "train --data set --out new --recipe tiny --max-false-reject 1%", "99");
  refused(2, "train --data set --out new --stesp 3", "did you mean --steps?");
  CHECK(!fs::exists(folder / "new"));
}

TEST_CASE("models that cannot be used: code 4") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string model = content(folder / "run/model.dagan");
  folder.put("short.dagan", std::string_view(model).substr(0, model.size() - 100));
  std::string flipped = model;
  flipped[model.size() - 1000] = char(flipped[model.size() - 1000] ^ 1);
  folder.put("flipped.dagan", flipped);
  folder.put("text.dagan", "hello");
  for (const char* command : {"info ", "eval ", "detect "}) {
    const std::string rest = std::string(command) == "detect " ? " set/test/good" : "";
    refused(4, text(command, "gone.dagan", rest), "gone.dagan");
    refused(4, text(command, "short.dagan", rest), "short.dagan");
    refused(4, text(command, "flipped.dagan", rest), "flipped.dagan");
    refused(4, text(command, "text.dagan", rest), "text.dagan");
    refused(4, text(command, "set", rest), "model.dagan");
  }
}

TEST_CASE("output that cannot be written: code 6") {
  refused(6, "train --data set --out run --recipe tiny", "holds a finished run");
  refused(6, "train --out run --resume", "finished");
  refused(6, "train --out nothing-here --resume", "no run");
  refused(6, "train --data set --out /dev/null/run --recipe tiny", "/dev/null/run");
  refused(6, "synth --out set", "set");
  refused(6, "detect run set/test/good -o /dev/null/x.csv", "/dev/null/x.csv");
  refused(6, "detect run set/test/good --overlay /dev/null/x", "/dev/null/x");
  refused(6, "detect run set/test/good -q > /dev/full", "disk full");
  CHECK(workshop().shell("ulimit -f 64; dagan train --data set --out full --recipe tiny -q").code ==
        6);
  CHECK(!fs::exists(workshop().folder / "full/model.dagan"));
}

TEST_CASE("training: quiet, dry, forced, and the same bits from the same seed for any threads") {
  const TemporaryFolder& folder = workshop().folder;
  const Outcome quiet = workshop().run("train --data set --out again --recipe tiny --steps 30 -q");
  CHECK(quiet.code == 0);
  CHECK(quiet.err.empty());
  CHECK(content(folder / "again/model.dagan") == content(folder / "run/model.dagan"));
  const std::string forced =
      "train --data set --out again --recipe tiny --steps 3 -q --force --seed ";
  CHECK(workshop().run(forced + "1").code == 0);
  const std::string one = content(folder / "again/model.dagan");
  CHECK(workshop().shell("OMP_WAIT_POLICY=passive dagan --threads 3 " + forced + "1").code == 0);
  CHECK(content(folder / "again/model.dagan") == one);
  CHECK(workshop().run(forced + "2").code == 0);
  CHECK(content(folder / "again/model.dagan") != one);

  const Outcome dry = workshop().run("train --data set --out dry --recipe tiny --seed 5 --dry-run");
  CHECK(dry.code == 0);
  CHECK(dry.out.find("seed = 5 ") != std::string::npos);
  CHECK(!fs::exists(folder / "dry"));
}

TEST_CASE("training: interrupted and resumed is uninterrupted") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string recipe = " --data set --recipe tiny --steps 400 -q";
  // A shell's background child ignores SIGINT unless `env` gives it the usual handling. The signal
  // comes when the log has grown, so that training is under way.
  const auto stopped = [](const std::string& signal, const std::string& words) {
    return workshop().shell(
        "touch log; n=$(wc -l < log); env --default-signal=INT '" DAGAN_PROGRAM
        "' --threads 1 train --out stopped " +
        words +
        " & until [ -e stopped/metrics.jsonl ] && ln -sf stopped/metrics.jsonl log && "
        "[ $(wc -l < log) -gt $n ] || ! kill -0 $!; do sleep 0.02; done; kill -" +
        signal + " $!; wait $!");
  };
  const Outcome first = stopped("INT", recipe);
  CHECK(first.code == 130);
  const Outcome second = stopped("TERM", "--resume");
  CHECK(second.code == 143);
  CHECK(second.err.find("continue with: dagan train --out stopped --resume") != std::string::npos);
  refused(6, "train --data set --out stopped --recipe tiny", "--resume");
  CHECK(workshop().run("train --out stopped --resume -q").code == 0);
  CHECK(workshop().run("train --out straight" + recipe).code == 0);
  CHECK(content(folder / "stopped/model.dagan") == content(folder / "straight/model.dagan"));
}

TEST_CASE("info") {
  const Json json = Json::parse(workshop().run("info run --format json").out);
  CHECK(json.at("threshold").get<double>() > 0);
  CHECK(json.at("recipe").at("train.steps") == 30);
  CHECK(json.at("preprocessing").at("size") == 32);
  CHECK(workshop().run("info run/model.dagan").out.find("recipe.train.steps") != std::string::npos);
}
