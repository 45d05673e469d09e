// What the program refuses: the exit code, and one line that says what and where.
#include <doctest/doctest.h>

#include "tests/cli_workshop.h"

using namespace dagan;
using namespace dagan::testing;

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
  refused(2, "train --out new --resume --data set", "--data cannot go with --resume");
  refused(2, "train --data set --out new --set 'model.kind=u\nnet'", "u net: expected one of");
  refused(2, "train --data set --out new --recipe /dev/zero", "/dev/zero: has more than 1 MiB");
  refused(2, "eval run --require 'image_auroc>=nan'", "NAME>=NUMBER");
  refused(2, "train --data set/train/good --out set/train/good/new", "lies among the images");
  refused(2, "train --data set/train/good/. --out set/train/good", "lies among the images");
  refused(2, "train --data set --out set/test/new", "lies among the images");
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
