#include "dagan/data/synth.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>

#include "core/check.h"
#include "dagan/data/sha256.h"

namespace dagan {
namespace {

namespace fs = std::filesystem;

// A folder of its own, gone at the end.
class Scratch {
 public:
  Scratch() : path_(fs::temp_directory_path() / text("dagan_synth_test_", getpid())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Relative path to bytes, of every file below `root`.
std::map<std::string, std::string> files(const fs::path& root) {
  std::map<std::string, std::string> result;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    result[fs::relative(entry.path(), root).generic_string()] = {std::istreambuf_iterator<char>(in),
                                                                 {}};
  }
  return result;
}

SynthOptions small(const std::string& kind, int channels = 1) {
  return {
      .size = 48, .train = 3, .test_good = 2, .test_defect = 1, .kind = kind, .channels = channels};
}

// What every pixel of a set is, whatever the PNG encoder.
std::string digest(const SynthOptions& options) {
  Sha256 hash;
  std::int64_t number = 0;
  for (std::string defect : {"", "", "missing", "scratch", "spot", "stain"}) {
    const SynthPicture picture = synthetic_picture(options, number++, defect);
    for (const Image* image : {&picture.image, &picture.mask}) {
      const Digest content = content_digest(*image);
      hash.add(std::as_bytes(std::span(content)));
    }
  }
  return to_hex(hash.finish());
}

Fault fault_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.fault();
  }
  return Fault::bug;
}

TEST_CASE("A synthetic set has the MVTec layout, and its files say what they are") {
  const Scratch scratch;
  for (const int channels : {1, 3}) {
    const fs::path root = scratch / (channels == 1 ? "grey" : "colour");
    write_synthetic_set(root, small("texture", channels));
    std::set<std::string> names;
    for (const auto& [name, bytes] : files(root)) names.insert(name);
    std::set<std::string> want = {"train/good/000.png", "train/good/001.png", "train/good/002.png",
                                  "test/good/000.png", "test/good/001.png"};
    for (const std::string& defect : synthetic_defects()) {
      want.insert("test/" + defect + "/000.png");
      want.insert("ground_truth/" + defect + "/000_mask.png");
    }
    CHECK(names == want);
    CHECK(read_image(root / "test/spot/000.png").shape == Shape{1, 48, 48, channels});
    CHECK(read_image(root / "ground_truth/spot/000_mask.png").shape == Shape{1, 48, 48, 1});
  }
}

TEST_CASE("The same seed gives the same bytes, another seed or kind gives others") {
  const Scratch scratch;
  SynthOptions options = small("stripes");
  write_synthetic_set(scratch / "a", options);
  write_synthetic_set(scratch / "b", options);
  options.seed = 1;
  write_synthetic_set(scratch / "c", options);
  options = small("texture");
  write_synthetic_set(scratch / "d", options);
  const auto a = files(scratch / "a");
  CHECK(a == files(scratch / "b"));
  for (const char* other : {"c", "d"}) {
    const auto b = files(scratch / other);
    for (const auto& [name, bytes] : a)
      if (name.find("mask") == std::string::npos) CHECK(b.at(name) != bytes);
  }
  std::set<std::string> pictures;
  for (const auto& [name, bytes] : a) pictures.insert(bytes);
  CHECK(pictures.size() == a.size());
}

TEST_CASE("The pixels of a seed are fixed for good") {
  CHECK(digest(small("texture")) ==
        "49e902a28403a3f55ec19c2a9c7f0cc37f6744728f5d2970544166fb11e0dfcf");
  CHECK(digest(small("texture", 3)) ==
        "ef2460c8a751cbc6481a1e430090a375ae7c2676574ade79b442d7cefc016dcd");
  CHECK(digest(small("stripes")) ==
        "ac9e9dab022a124e02043b2db645c370c59f2b6f73be5459a435777d63d2e76e");
  CHECK(digest(small("stripes", 3)) ==
        "81380ec5f3c6a063e2264ec205d8a0c8eae2c5521a1d7ade35c9ab7c43b44b0c");
}

// How a defective picture differs from the same piece without the defect.
struct Difference {
  int inside = 0, changed_inside = 0, most_outside = 0, marked_elsewise = 0;
};

Difference difference(const SynthOptions& options, std::int64_t number, const std::string& defect) {
  const SynthPicture good = synthetic_picture(options, number, "");
  const SynthPicture bad = synthetic_picture(options, number, defect);
  Difference result;
  for (std::size_t i = 0; i < bad.mask.pixels.size(); ++i) {
    const int change = std::abs(std::to_integer<int>(good.image.pixels[i]) -
                                std::to_integer<int>(bad.image.pixels[i]));
    const int mark = std::to_integer<int>(bad.mask.pixels[i]);
    result.inside += mark == 255;
    result.changed_inside += mark == 255 && change >= 5;
    if (mark == 0) result.most_outside = std::max(result.most_outside, change);
    result.marked_elsewise += mark % 255 != 0 || good.mask.pixels[i] != std::byte(0);
  }
  return result;
}

TEST_CASE("A mask is where the picture differs from the same piece without the defect") {
  constexpr int kSide = 96;
  for (const std::string& kind : synthetic_kinds())
    for (const std::string& defect : synthetic_defects()) {
      CAPTURE(kind);
      CAPTURE(defect);
      int inside = 0, changed = 0;
      for (std::int64_t number = 0; number < 12; ++number) {
        const Difference d = difference({.size = kSide, .kind = kind}, number, defect);
        CHECK(d.marked_elsewise == 0);
        CHECK(d.inside >= 10);
        CHECK(d.inside <= kSide * kSide / 10);
        CHECK(d.most_outside <= 60);
        inside += d.inside;
        changed += d.changed_inside;
      }
      // The rest is where a defect happens to be as bright as the surface: dark on a dark stripe.
      CHECK(changed >= inside * 8 / 10);
    }
}

TEST_CASE("Pictures use the range of their type without being cut off") {
  for (const std::string& kind : synthetic_kinds())
    for (const int channels : {1, 3}) {
      SynthOptions options = {.size = 64, .kind = kind, .channels = channels};
      const Image image = synthetic_picture(options, 3, "").image;
      const auto [low, high] = std::minmax_element(image.pixels.begin(), image.pixels.end());
      CHECK(std::to_integer<int>(*low) > 0);
      CHECK(std::to_integer<int>(*high) < 255);
      CHECK(std::to_integer<int>(*high) - std::to_integer<int>(*low) > 80);
    }
}

TEST_CASE("What cannot be made is refused") {
  const Scratch scratch;
  write_synthetic_set(scratch / "a", small("texture"));
  CHECK(fault_of([&] { write_synthetic_set(scratch / "a", small("texture")); }) == Fault::output);
  std::ofstream(scratch / "plain") << "text";
  CHECK(fault_of([&] { write_synthetic_set(scratch / "plain", small("texture")); }) ==
        Fault::output);
  CHECK_THROWS_WITH_AS(synthetic_picture(small("wood"), 0, ""),
                       "[synth] there is no kind 'wood': choose one of texture, stripes", Error);
  CHECK(fault_of([] { synthetic_picture(small("wood"), 0, ""); }) == Fault::usage);
  CHECK(fault_of([] { synthetic_picture(small("texture"), 0, "hole"); }) == Fault::usage);
  CHECK(fault_of([] { synthetic_picture(small("texture", 2), 0, ""); }) == Fault::usage);
  CHECK(fault_of([] { synthetic_picture({.size = 31}, 0, ""); }) == Fault::usage);
  CHECK(fault_of([] { synthetic_picture({.size = 2049}, 0, ""); }) == Fault::usage);
  CHECK(fault_of([&] { write_synthetic_set(scratch / "e", {.train = -1}); }) == Fault::usage);
  CHECK_FALSE(fs::exists(scratch / "e"));
}

}  // namespace
}  // namespace dagan
