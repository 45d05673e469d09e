// Pictures and folders that no model can be trained on or judged by, through the program.
#include <doctest/doctest.h>

#include "core/random.h"
#include "dagan/data/image_set.h"
#include "tests/cli_workshop.h"
#include "tests/picture_bytes.h"

using namespace dagan;
using namespace dagan::testing;

namespace {

// A folder with thirty good pictures, to which a case adds what is wrong.
std::string good_folder(const std::string& name) {
  for (int i = 10; i < 40; ++i) {
    const std::string number = text("0", i, ".png");
    workshop().folder.put(name + "/good/" + number,
                          content(workshop().folder / ("set/train/good/" + number)));
  }
  return name + "/good/";
}

// Training on `folder` and detection of `picture` refuse it with code 3, and leave nothing behind.
void refused_everywhere(const std::string& folder, const std::string& picture,
                        const std::string& part) {
  refused(3, "train --data " + folder + " --out new --recipe tiny -q", picture + ": ");
  refused(3, "train --data " + folder + " --out new --recipe tiny -q", part);
  CHECK(!fs::exists(workshop().folder / "new"));
  const Outcome detected = workshop().run("detect run " + picture + " --format csv -q");
  CHECK(detected.code == 3);
  CHECK_CONTAINS(detected.out, picture + ",error,,,,,");
  CHECK_CONTAINS(detected.out, part);
}

std::string text_of(const Buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// 57 bytes: 8 x 8 pixels whose data chunk says that it has a gigabyte.
std::string bomb() {
  const std::string header("\0\0\0\10\0\0\0\10\10\2\0\0\0", 13);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + std::string("\x40\0\0\0IDAT", 8) +
         std::string(16, '\0');
}

// As many bytes, without pixels, that say they are 32768 x 32768 of them.
std::string vast() { return text_of(png_with_data({.width = 32768, .height = 32768}, "")); }

}  // namespace

TEST_CASE("bad input: pictures that are damaged or none") {
  const TemporaryFolder& folder = workshop().folder;
  const std::string whole = content(folder / "set/train/good/000.png");
  const std::string photo = text_of(jpeg(noise({1, 32, 32, 1}, DType::u8, 1), JpegKind::plain));
  struct Damage {
    const char *folder, *name;
    std::string bytes;
    const char* part;
  };
  const Damage damages[] = {
      {"text", "a.png", "hello, this is a list of parts\n", "is a text file, not an image"},
      {"cut_png", "b.png", whole.substr(0, whole.size() / 2), "damaged or incomplete"},
      {"cut_jpeg", "c.jpg", photo.substr(0, photo.size() / 2), "c.jpg"},
      {"none", "d.png", "", "is empty"},
      {"bomb", "e.png", bomb(), "claims 1073741824 bytes where"},
      {"vast", "f.png", vast(), "f.png"},
  };
  for (const Damage& damage : damages) {
    const std::string picture = good_folder(damage.folder) + damage.name;
    folder.put(picture, damage.bytes);
    INFO(picture);
    refused_everywhere(damage.folder, picture, damage.part);
  }
}

TEST_CASE("bad input: a small file that claims a gigabyte is refused before memory is taken") {
  CHECK(bomb().size() == 57);
  workshop().folder.put("bombs/bomb.png", bomb());
  workshop().folder.put("bombs/vast.png", vast());
#ifdef __SANITIZE_ADDRESS__
  const std::string limit;  // the sanitizer itself reserves terabytes of addresses
#else
  const std::string limit = "ulimit -v 800000; ";
#endif
  const Outcome outcome =
      workshop().shell(limit + "dagan --threads 1 detect run bombs --format csv -q");
  CHECK(outcome.code == 3);
  CHECK_CONTAINS(outcome.out, "bombs/bomb.png,error,,,,,");
  CHECK_CONTAINS(outcome.out, "bombs/vast.png,error,,,,,");
}

TEST_CASE("bad input: sizes and depths that differ name the picture and what the others are") {
  const TemporaryFolder& folder = workshop().folder;
  const auto put = [&](const std::string& name, Shape shape, DType dtype) {
    const std::string picture = good_folder(name) + "zz.png";
    folder.put(picture, encode_png(noise(shape, dtype, 1)));
    return picture;
  };
  const std::string size = put("sizes", {1, 32, 40, 1}, DType::u8);
  refused_everywhere("sizes", size, "40");
  const std::string depth = put("depths", {1, 32, 32, 1}, DType::u16);
  refused_everywhere("depths", depth, "16");
  const std::string colour = put("colours", {1, 32, 32, 3}, DType::u8);
  refused_everywhere("colours", colour, "is colour");
}

TEST_CASE("bad input: too few pictures says how many are needed") {
  good_folder("thirty");
  refused(2, "train --data thirty --out new --recipe tiny -q",
          "needs at least 9 good validation images, you have ");
  workshop().shell("mkdir -p lone/good && cp set/train/good/000.png lone/good");
  refused(3, "train --data lone --out new --recipe tiny -q",
          "lone: has 1 good image for training, and at least 8 are needed");
  CHECK(!fs::exists(workshop().folder / "new"));
}

TEST_CASE("bad input: a test picture with the pixels of a training picture, and both are named") {
  const TemporaryFolder& folder = workshop().folder;
  // The same pixels in another format and under another name.
  const Image image = read_image(folder / "set/train/good/005.png");
  const std::string pixels(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
  folder.put("copied/test/good/innocent.pgm", "P5 32 32 255\n" + pixels);
  folder.put("copied/test/spot/000.png", content(folder / "set/test/spot/000.png"));
  refused(3, "eval run --data copied", "copied/test/good/innocent.pgm: the model was trained on");
  refused(3, "eval run --data copied", "set/train/good/005.png");
  // The model alone knows that it has seen the picture, not where.
  workshop().shell("mkdir -p alone && cp run/model.dagan alone");
  refused(3, "eval alone/model.dagan --data copied", "innocent.pgm: the model was trained on");
}

TEST_CASE("bad input: no space left, and nothing half written stays behind") {
  struct Limit {
    int blocks;  // of 512 bytes
    const char* file;
  };
  for (const Limit& limit : {Limit{2, "recipe.toml"}, Limit{16, "checkpoint.safetensors"},
                             Limit{4000, "checkpoint.safetensors"}}) {
    const std::string out = text("space", limit.blocks);
    const Outcome outcome = workshop().shell(text("ulimit -f ", limit.blocks,
                                                  "; dagan --threads 1 train --data set --out ",
                                                  out, " --recipe tiny --steps 3 -q"));
    CHECK(outcome.code == 6);
    CHECK_CONTAINS(outcome.err, text(out, "/", limit.file, ": cannot write it: "));
    CHECK(!fs::exists(workshop().folder / out / limit.file));
    CHECK(!fs::exists(workshop().folder / out / "model.dagan"));
    for (const auto& entry : fs::recursive_directory_iterator(workshop().folder / out)) {
      CHECK_MESSAGE(!contains(entry.path().string(), ".tmp-"), entry.path().string());
    }
  }
}
