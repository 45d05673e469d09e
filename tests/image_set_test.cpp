#include "dagan/data/image_set.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "dagan/data/preprocess.h"
#include "tests/data_files.h"
#include "tests/small_runs.h"

namespace dagan {
namespace {

using namespace testing;
using Files = std::vector<std::filesystem::path>;

Files write_noise(const TemporaryFolder& folder, int count, Shape shape, DType dtype = DType::u8,
                  std::uint32_t largest = 255) {
  Files files;
  for (int i = 0; i < count; ++i) {
    files.push_back(
        folder.put(text(i, ".png"), encode_png(noise(shape, dtype, std::uint64_t(i), largest))));
  }
  return files;
}

Preprocessing decide(const Files& files, const std::string& levels = "auto",
                     const std::string& channels = "auto") {
  Recipe::Data data;
  data.size = 8;
  data.levels = levels;
  data.channels = channels;
  return decide_preprocessing(files, data);
}

TEST_CASE("a picture of the right size is only scaled to [-1,1]") {
  const Image image = noise({1, 8, 8, 3}, DType::u8, 1);
  std::vector<float> out(8 * 8 * 3);
  preprocess(image, {.size = 8, .channels = 3}, out.data(), "x.png");
  for (std::size_t i = 0; i < out.size(); ++i) {
    CHECK(out[i] == doctest::Approx(2 * int(image.pixels[i]) / 255.0 - 1));
  }
}

TEST_CASE("what decides the preprocessing is the training pictures") {
  const TemporaryFolder a, b;
  const Files grey = write_noise(a, 3, {1, 9, 7, 1}),
              deep = write_noise(b, 5, {1, 6, 6, 3}, DType::u16, 1023);
  const Preprocessing how = decide(grey);
  CHECK(how.size == 8);
  CHECK(how.channels == 1);
  CHECK(how.dtype == DType::u8);
  CHECK(how.height == 9);
  CHECK(how.width == 7);
  CHECK(how.levels.low == 0);
  CHECK(how.levels.high == 255);
  CHECK(decide(deep).channels == 3);
  CHECK(decide(deep).levels.high == 1023);
  CHECK(decide(deep, "full").levels.high == 65535);
  CHECK(decide(deep, "100:4000.5").levels.low == 100);
  CHECK(decide(deep, "100:4000.5").levels.high == 4000.5f);
}

TEST_CASE("the levels of 16-bit pictures hold their largest value") {
  for (const auto& [largest, high] : {std::pair{0, 1023},
                                      {1023, 1023},
                                      {1024, 4095},
                                      {4095, 4095},
                                      {4096, 16383},
                                      {16383, 16383},
                                      {16384, 65535},
                                      {65535, 65535}}) {
    const TemporaryFolder folder;
    Files files = write_noise(folder, 2, {1, 4, 4, 1}, DType::u16, 0);
    Image image = make_image({1, 4, 4, 1}, DType::u16);
    image.view().as<std::uint16_t>()[7] = std::uint16_t(largest);
    files.push_back(folder.put("last.png", encode_png(image)));
    CHECK(decide(files).levels.high == high);
  }
}

TEST_CASE("recipe values that do not fit the pictures are errors of use") {
  const TemporaryFolder folder;
  const Files files = write_noise(folder, 1, {1, 4, 4, 1});
  const auto usage = [&](const std::string& levels, const std::string& channels) {
    return error_of(Fault::usage, [&] { decide(files, levels, channels); });
  };
  CHECK_CONTAINS(usage("auto", "3"), "data.channels = 3, but ");
  CHECK_CONTAINS(usage("auto", "2"), "write auto, 1 or 3");
  for (const char* levels : {"", "0", ":", "0:", ":9", "0:x", "0:9:9", "nan:1", "0:inf", " 0:9"}) {
    CAPTURE(levels);
    CHECK_CONTAINS(usage(levels, "auto"), "write auto, full or LOW:HIGH");
  }
  CHECK_CONTAINS(usage("9:9", "auto"), "9 is not below 9");
}

TEST_CASE("nothing is converted: other channels, depths and sizes are refused with both names") {
  const TemporaryFolder folder;
  const Files files = write_noise(folder, 2, {1, 4, 4, 1});
  const Preprocessing how = decide(files);
  const auto refusal = [&](const Image& image) {
    const std::filesystem::path odd = folder.put("odd.png", encode_png(image));
    const std::string message = error_of(Fault::data, [&] {
      ImageSet({files[0], odd, files[1]}, how).wait_all();
    });
    CHECK_CONTAINS(message, odd.string());
    CHECK_CONTAINS(message, files[0].string());
    return message;
  };
  CHECK_CONTAINS(refusal(noise({1, 4, 4, 3}, DType::u8, 1)), "is colour, but");
  CHECK_CONTAINS(refusal(noise({1, 4, 4, 1}, DType::u16, 1)), "has 16 bits a channel, but");
  CHECK_CONTAINS(refusal(noise({1, 4, 5, 1}, DType::u8, 1)), "is 5 x 4 pixels, but");

  const Image other = noise({1, 5, 5, 1}, DType::u8, 1);
  std::vector<float> out(64);
  CHECK_CONTAINS(error_of(Fault::data, [&] { preprocess(other, how, out.data(), "x.png"); }),
                 "x.png: is 5 x 5 pixels, but the model is 4 x 4");
  Preprocessing any = how;
  any.height = any.width = 0;
  preprocess(other, any, out.data(), "x.png");

  Files mixed = {folder.put("deep.png", encode_png(noise({1, 4, 4, 1}, DType::u16, 1))), files[0]};
  CHECK_CONTAINS(error_of(Fault::data, [&] { decide(mixed); }), "has 8 bits a channel, but");
}

TEST_CASE("a set holds every picture as preprocess makes it, with digest and shape") {
  const TemporaryFolder folder;
  const Files files = write_noise(folder, 40, {1, 20, 30, 3});
  const Preprocessing how = decide(files);
  const ImageSet set(files, how);
  CHECK(set.size() == 40);
  CHECK(set.files() == files);
  std::vector<float> expected(std::size_t(how.elements()));
  for (std::size_t i = 40; i-- > 0;) {
    const Image image = read_image(files[i]);
    preprocess(image, how, expected.data(), "x");
    const std::span<const float> found = set.image(i);
    CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    CHECK(set.source_shape(i) == image.shape);
    CHECK(set.contents()[i] == content_digest(image));
    CHECK(set.all().data() + std::ptrdiff_t(i * expected.size()) == found.data());
  }
  const ImageSet empty({}, how);
  empty.wait_all();
  CHECK(empty.all().empty());
}

TEST_CASE("the first bad file is the error, however often and for whom one waits") {
  const TemporaryFolder folder;
  Files files = write_noise(folder, 30, {1, 8, 8, 1});
  const Preprocessing how = decide(files);
  files[11] = folder.put("bad11.png", "no picture");
  files[12] = folder.put("bad12.png", "no picture");
  files[25] = folder / "missing.png";
  for (int repeat = 0; repeat < 20; ++repeat) {
    const ImageSet set(files, how);
    CHECK(set.image(10).size() == 64);
    CHECK_CONTAINS(error_of(Fault::data, [&] { set.wait_all(); }), "bad11.png: is a text file");
    CHECK_CONTAINS(error_of(Fault::data, [&] { set.image(11); }), "bad11.png");
    CHECK_CONTAINS(error_of(Fault::data, [&] { set.image(29); }), "bad11.png");
    CHECK_CONTAINS(error_of(Fault::data, [&] { set.contents(); }), "bad11.png");
    CHECK(set.image(3).size() == 64);
  }
}

TEST_CASE("a set may be dropped while it loads") {
  const TemporaryFolder folder;
  const Files files = write_noise(folder, 50, {1, 32, 32, 3});
  const Preprocessing how = decide(files);
  for (int repeat = 0; repeat < 20; ++repeat) ImageSet(files, how).image(std::size_t(repeat));
}

TEST_CASE("a set larger than the machine's memory is refused before anything is read") {
  const Files files(100000, "none.png");
  const std::string message =
      error_of(Fault::data, [&] { ImageSet(files, {.size = 16384, .channels = 3}); });
  CHECK_CONTAINS(message, "100000 images of 16384 x 16384 x 3 need ");
}

TEST_CASE("jobs run once each, and one that throws something else is heard, too") {
  std::vector<std::atomic<int>> runs(1000);
  Jobs jobs(runs.size(), [&](std::size_t i) { ++runs[i]; });
  jobs.wait_all();
  for (const auto& count : runs) CHECK(count == 1);
  Jobs failing(3, [](std::size_t) { throw std::runtime_error("other"); });
  CHECK_THROWS_WITH(failing.wait(2), "other");
}

void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

TEST_CASE("no more jobs run at once than kernels have threads") {
  for (const int threads : {1, 3}) {
    const Threads limit(threads);
    std::atomic<int> running = 0, most = 0;
    Jobs jobs(12, [&](std::size_t) {
      const int now = ++running;
      for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
      }
      sleep_ms(5);
      --running;
    });
    jobs.wait_all();
    CHECK(most >= 1);
    CHECK(most <= threads);
  }
}

// With one thread, the second job never starts, and the answers are the same.
TEST_CASE("of two jobs that fail, the first in the list is the error, whichever fails first") {
  for (const bool first_is_late : {false, true}) {
    for (const bool all : {false, true}) {
      Jobs jobs(2, [&](std::size_t i) {
        sleep_ms((i == 0) == first_is_late ? 30 : 5);
        throw std::runtime_error(i == 0 ? "first" : "second");
      });
      if (all) CHECK_THROWS_WITH(jobs.wait_all(), "first");
      CHECK_THROWS_WITH(jobs.wait(1), "first");
      CHECK_THROWS_WITH(jobs.wait_all(), "first");
    }
  }
}

TEST_CASE("a job that was running when another failed can still be waited for") {
  Jobs jobs(2, [](std::size_t i) {
    if (i == 1) throw std::runtime_error("second");
    sleep_ms(30);
  });
  sleep_ms(10);
  CHECK_NOTHROW(jobs.wait(0));
  CHECK_THROWS_WITH(jobs.wait_all(), "second");
}

}  // namespace
}  // namespace dagan
