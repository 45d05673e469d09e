// Training by the command line: what it prints, and which bits it writes.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli_workshop.h"

using namespace dagan;
using namespace dagan::testing;

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

#if defined(DAGAN_BENCH_DIR)
TEST_CASE("training: a profile has every op, and changes nothing") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string train = "train --data set --recipe tiny --steps 30 -q --out profiled ";
  const Outcome profile = workshop().run(train + "--profile trace.json");
  CHECK(profile.code == 0);
  for (const char* part : {"GFLOP/s", "GB/s", "limit %", "conv2d_filter_grad (", "adam ("})
    CHECK_CONTAINS(profile.err, part);
  CHECK(content(folder / "profiled/model.dagan") == content(folder / "run/model.dagan"));
  const auto events = nlohmann::json::parse(content(folder / "trace.json")).at("traceEvents");
  REQUIRE(events.size() > 30 * 20);
  double end = 0;
  for (const auto& event : events) {
    CHECK(event.at("ph") == "X");
    CHECK(event.at("ts").get<double>() >= end);  // one after the other
    end = event.at("ts").get<double>() + event.at("dur").get<double>();
  }
  refused(6, train + "--force --profile no/such/folder/trace.json", "no/such/folder");
}
#endif

TEST_CASE("training: interrupted and resumed is uninterrupted") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string recipe = " --data set --recipe tiny --steps 200 -q";
  // Some signals, one after the other, when the log has grown, so that training is under way. A
  // shell's background child ignores SIGINT unless `env` gives it the usual handling.
  const auto stopped = [](const std::string& signals, const std::string& words,
                          const std::string& hang_up = "default") {
    return workshop().shell(
        "touch log; n=$(wc -l < log); env --default-signal=INT --" + hang_up +
        "-signal=HUP '" DAGAN_PROGRAM "' --threads 1 train --out stopped " + words +
        " & until [ -e stopped/metrics.jsonl ] && ln -sf stopped/metrics.jsonl log && "
        "[ $(wc -l < log) -gt $n ] || ! kill -0 $!; do sleep 0.02; done; "
        "for signal in " +
        signals + "; do kill -$signal $!; done; wait $!");
  };
  const std::string advice = "continue with: dagan train --out stopped --resume";
  const Outcome first = stopped("INT", recipe);
  CHECK(first.code == 130);
  // A terminal that is closed sends more than one: none of them kills, and the first one counts.
  const Outcome hung_up = stopped("HUP HUP TERM", "--resume");
  CHECK(hung_up.code == 129);
  CHECK_CONTAINS(hung_up.err, advice);
  const Outcome second = stopped("TERM", "--resume");
  CHECK(second.code == 143);
  CHECK_CONTAINS(second.err, advice);
  refused(6, "train --data set --out stopped --recipe tiny", "--resume");
  CHECK(stopped("HUP", "--resume -q", "ignore").code == 0);  // as under nohup
  CHECK(workshop().run("train --out straight" + recipe).code == 0);
  CHECK(content(folder / "stopped/model.dagan") == content(folder / "straight/model.dagan"));
}

TEST_CASE("training: one process in a run folder") {
  const TemporaryFolder& folder = workshop().folder;
  fs::create_directories(folder / "shared");
  const int lock = ::open((folder / "shared").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  refused(6, "train --data set --out shared --recipe tiny --steps 3", "another process");
  ::close(lock);
  CHECK(workshop().run("train --data set --out shared --recipe tiny --steps 3 -q").code == 0);
}

TEST_CASE("training outlives whoever read its messages, and writes none into its files") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string train = "dagan train --data set --recipe tiny --steps 30 --out ";
  workshop().shell("{ " + train + "piped 2>&1 > /dev/null; echo $? > code; } | true");
  CHECK(content(folder / "code") == "0\n");
  CHECK(workshop().shell(train + "closed 2>&-").code == 0);
  CHECK(content(folder / "closed/model.dagan") == content(folder / "run/model.dagan"));
  CHECK(workshop().shell(train + "mute >&- 2>&- <&-").code == 6);
  CHECK(fs::exists(folder / "mute/model.dagan"));
  // Line by line, as on a terminal; stdbuf is loaded before everything, which ASan has to be told.
  const std::string line_buffered = "ASAN_OPTIONS=verify_asan_link_order=0 stdbuf -oL ";
  CHECK(workshop().shell(line_buffered + "'" DAGAN_PROGRAM "' info run >&-").code == 6);
}

TEST_CASE("a data folder with a line break in its name") {
  workshop().shell("cp -r set 'two\nlines'");
  CHECK(workshop().run("train --data 'two\nlines' --out broken --recipe tiny --steps 3 -q").code ==
        0);
  CHECK(workshop().run("eval broken -q").code == 0);
}
