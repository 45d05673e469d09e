// model.dagan: what is saved scores the same when it is loaded, and nothing damaged is loaded.
#include "dagan/detect/model_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/safetensors.h"
#include "dagan/data/file.h"
#include "dagan/data/image_set.h"
#include "dagan/detect/detector.h"
#include "tests/small_runs.h"

namespace dagan {
namespace {

using namespace testing;

// A finished small run that scores with both networks.
struct Finished {
  Finished() {
    Recipe recipe = small_recipe(8);
    recipe.detect.residual = "both";
    recipe.detect.pool_radius = 1;
    train_quietly(small_run(folder / "run", recipe));
    const FileBytes file = read_file(folder / "run/model.dagan", 1 << 24);
    bytes.assign(file.begin(), file.end());
  }
  TemporaryFolder folder;
  Buffer bytes;
};

const Finished& finished() {
  static const Finished made;
  return made;
}

// The test pictures of the set as the networks see them.
std::vector<float> test_images(const Model& model) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(small_set() / "test")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  const ImageSet set(files, model.preprocessing);
  return {set.all().begin(), set.all().end()};
}

TEST_CASE(
    "evaluation: an image's score does not depend on the others of its batch or their order") {
  const Model model = load_model(finished().folder / "run");
  const std::vector<float> images = test_images(model);
  const auto size = std::size_t(model.preprocessing.elements());
  const std::size_t count = images.size() / size;
  REQUIRE(count >= 20);
  Detector one(model, cpu_backend(), 1);
  const auto expected = one(images);
  CHECK(expected.size() == count);
  CHECK(expected[0].score != expected[1].score);

  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t(0));
  for (const std::int64_t batch : {1, 3, 8, 64}) {
    for (int threads : {1, 2}) {
      const Threads limit(threads);
      std::rotate(order.begin(), order.begin() + 7, order.end());
      std::swap(order[0], order[5]);
      std::vector<float> shuffled;
      for (const std::size_t i : order) {
        shuffled.insert(shuffled.end(), images.begin() + std::ptrdiff_t(i * size),
                        images.begin() + std::ptrdiff_t((i + 1) * size));
      }
      Detector detector(model, cpu_backend(), batch);
      const auto results = detector(shuffled);
      REQUIRE(results.size() == count);
      for (std::size_t i = 0; i < count; ++i) {
        CHECK(results[i].score == expected[order[i]].score);
        CHECK(results[i].map == expected[order[i]].map);
        CHECK(results[i].reconstruction == expected[order[i]].reconstruction);
      }
    }
  }
}

TEST_CASE("evaluation: a detector for a single batch has the same results") {
  const Model model = load_model(finished().folder / "run");
  const std::vector<float> images = test_images(model);
  Detector often(model, cpu_backend(), 8), once(model, cpu_backend(), 8, Runs::once);
  const auto expected = often(images), got = once(images);
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].score == expected[i].score);
    CHECK(got[i].map == expected[i].map);
    CHECK(got[i].reconstruction == expected[i].reconstruction);
  }
}

TEST_CASE("model file: what training computed is what a loaded model computes") {
  const Model model = load_model(finished().folder / "run");
  CHECK(model.recipe.detect.residual == "both");
  CHECK(model.contents.size() == 72);
  CHECK(model.fingerprint == parse_safetensors(finished().bytes, "m").metadata.at("checksum"));
  std::istringstream manifest(content(finished().folder / "run/manifest.csv"));
  std::vector<fs::path> held_back;
  for (std::string line; std::getline(manifest, line);) {
    if (line.find(",validation,") != std::string::npos)
      held_back.push_back(line.substr(0, line.find(',')));
  }
  const ImageSet set(held_back, model.preprocessing);
  Detector detector(model, cpu_backend(), 4);
  const auto results = detector(set.all());
  REQUIRE(results.size() == model.validation_scores.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].score == model.validation_scores[i]);
  }
  std::size_t above = 0;
  for (const auto& result : results) above += result.score > model.threshold;
  CHECK(double(above) <= model.max_false_reject * double(results.size() + 1));
}

// A variation of the finished model: its contents changed by `change`, then written with checksums.
template <class Change>
std::string varied(Change change) {
  Safetensors content = parse_safetensors(finished().bytes, "model");
  for (const char* key : {"checksum", "header_checksum"}) content.metadata.erase(key);
  change(content);
  std::string bytes = safetensors_header(content);
  for (const NamedTensor& tensor : content.tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  return bytes;
}

std::string refusal(std::string_view bytes) {
  const TemporaryFolder folder;
  folder.put("odd.dagan", bytes);
  const std::string message = error_of(Fault::model, [&] { load_model(folder / "odd.dagan"); });
  CHECK_CONTAINS(message, "odd.dagan:");
  return message;
}

NamedTensor& tensor(Safetensors& content, const std::string& name) {
  return *std::find_if(content.tensors.begin(), content.tensors.end(),
                       [&](const NamedTensor& t) { return t.name == name; });
}

TEST_CASE("model file: versions, keys and tensors that do not fit") {
  const auto metadata = [](const char* key, const std::string& value) {
    return refusal(varied([&](Safetensors& content) { content.metadata[key] = value; }));
  };
  CHECK(varied([](Safetensors&) {}).size() == finished().bytes.size());
  CHECK_CONTAINS(metadata("format", "dagan.model/2"), "format \"dagan.model/2\", but this program");
  CHECK_CONTAINS(metadata("format", "two\nlines"), "two\\nlines");
  CHECK_CONTAINS(metadata("recipe", "[train]\nstesp = 1\n"), "stesp");
  CHECK_CONTAINS(metadata("recipe", "[model]\nlevels = 10\n"), "recipe");
  CHECK_CONTAINS(metadata("recipe", "[data]\nsize = 16\n[model]\nlevels = 4\nwidth = 512\n"),
                 "its recipe needs");
  CHECK_CONTAINS(metadata("threshold", "null"), "its metadata is damaged");
  CHECK_CONTAINS(metadata("threshold", "high"), "its metadata is damaged");
  CHECK_CONTAINS(metadata("validation_scores", "{}"), "its metadata is damaged");
  CHECK_CONTAINS(metadata("preprocessing", "{\"size\":16}"), "its metadata is damaged");
  for (const char* key : {"format", "recipe", "preprocessing", "threshold", "validation_scores",
                          "max_false_reject"}) {
    CHECK_CONTAINS(refusal(varied([&](Safetensors& content) { content.metadata.erase(key); })),
                   std::string("its metadata has no ") + key);
  }
  for (const char* name : {"generator.down1.filter", "discriminator.up1.filter", "data.contents",
                           "generator.residual.mean"}) {
    CHECK_CONTAINS(
        refusal(varied([&](Safetensors& content) { tensor(content, name).name = "renamed"; })),
        std::string("has no tensor called ") + name);
  }
  const auto reshaped = [&](const char* name, Shape shape, DType dtype) {
    return refusal(varied([&](Safetensors& content) {
      tensor(content, name).shape = shape;
      tensor(content, name).dtype = dtype;
    }));
  };
  CHECK_CONTAINS(reshaped("generator.down1.filter", {1, 4, 4, 4}, DType::f32),
                 "generator.down1.filter is (1,4,4,4), but its recipe needs (4,4,4,1)");
  CHECK_CONTAINS(reshaped("generator.down1.filter", {4, 4, 4, 1}, DType::u32), "generator.down1");
  // As many bytes as 72 digests, but more than its first extent says.
  CHECK_CONTAINS(reshaped("data.contents", {1, 72, 1, 32}, DType::u8),
                 "data.contents is (1,72,1,32)");
  CHECK_CONTAINS(reshaped("data.contents", {36, 1, 1, 64}, DType::u8), "data.contents");
}

TEST_CASE("model file: truncated anywhere, or with any bit of its header changed") {
  const std::string bytes(reinterpret_cast<const char*>(finished().bytes.data()),
                          finished().bytes.size());
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  for (std::uint64_t i = 0; i < 60; ++i) {
    const auto chance = Philox{4}.words(0, i);
    refusal(bytes.substr(0, below(std::uint32_t(bytes.size()), chance[0])));
    std::string changed = bytes;
    const std::size_t at = below(std::uint32_t(i % 2 ? 8 + header : bytes.size()), chance[1]);
    char& byte = changed[at];
    // Spaces may become other spaces, and without its name the header's checksum is not tested.
    if (byte == ' ' || at - bytes.find("header_checksum") < 15) continue;
    byte = char(byte ^ (1 << (chance[2] % 8)));
    refusal(changed);
  }
}

TEST_CASE("model file: through the program, code 4 and one line") {
  const TemporaryFolder& folder = workshop().folder;
  folder.put("newer.dagan",
             varied([](Safetensors& content) { content.metadata["format"] = "dagan.model/2"; }));
  folder.put("lacking.dagan", varied([](Safetensors& content) {
               tensor(content, "generator.up1.filter").name = "other";
             }));
  for (const char* command : {"info ", "eval ", "detect "}) {
    const std::string rest = std::string(command) == "detect " ? " set/test/good" : "";
    refused(4, text(command, "newer.dagan", rest), "newer.dagan: is of format \"dagan.model/2\"");
    refused(4, text(command, "lacking.dagan", rest),
            "lacking.dagan: has no tensor called generator.up1.filter");
  }
}

}  // namespace
}  // namespace dagan
