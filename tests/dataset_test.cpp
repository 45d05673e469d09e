#include "dagan/data/dataset.h"

#include "dagan/data/folder.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

using namespace testing;

// Files whose names promise pictures: no data set is opened while it is looked for.
struct Tree : TemporaryFolder {
  void images(std::string_view folder, int count, std::string_view suffix = ".png") const {
    for (int i = 0; i < count; ++i) put(text(folder, "/", i, suffix), text(folder, i));
  }
  Dataset find() const { return find_dataset(path()); }
  std::string refusal() const {
    return error_of(Fault::data, [&] { find(); });
  }
};

TEST_CASE("names are sorted by their numbers, and always in the same way") {
  const std::vector<std::string> sorted = {"a",   "a1",    "a01", "a2",  "a2b",
                                           "a10", "a010b", "b",   "b/2", "b/10"};
  std::vector<std::string> names = sorted;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      if (sorted[i] == "a01" || sorted[j] == "a01") continue;
      CAPTURE(sorted[i]);
      CAPTURE(sorted[j]);
      CHECK(natural_less(sorted[i], sorted[j]) == (i < j));
    }
  }
  CHECK(natural_less("a01", "a1") != natural_less("a1", "a01"));
  CHECK(natural_less("a1", "a01b"));
  CHECK(natural_less("99999999999999999999998", "99999999999999999999999"));
}

TEST_CASE("pictures are told by their extension, and hidden files are none") {
  for (const char* name : {"a.png", "a.JPeG", "a.b.tif", "a.pnm"}) CHECK(has_image_extension(name));
  for (const char* name : {"a.gif", "png", ".png", "._a.png", "a.png.txt"}) {
    CHECK(!has_image_extension(name));
  }
}

TEST_CASE("the layout of MVTec is found and described") {
  const Tree tree;
  tree.images("train/good", 12);
  tree.images("test/good", 3);
  tree.images("test/crack", 2);
  tree.images("test/hole/lot7", 4, ".JPG");
  tree.images("ground_truth/crack", 2, "_mask.png");
  tree.images("ground_truth/hole", 3, ".png");
  tree.images("ground_truth/good", 3);
  tree.put("readme.txt", "");
  tree.put("train/good/Thumbs.db", "");
  tree.put("train/good/._1.png", "");
  const Dataset dataset = tree.find();
  CHECK(dataset.description ==
        "12 good images for training; test: 3 good, 6 defects of 2 types, 5 masks (1 without); "
        "1 file ignored that cannot be images by name (Thumbs.db)");
  REQUIRE(dataset.training.files.size() == 12);
  CHECK(dataset.training.files[2] == tree / "train/good/2.png");
  CHECK(dataset.training.files[10] == tree / "train/good/10.png");
  REQUIRE(dataset.test.samples.size() == 9);
  const Sample& good = dataset.test.samples[2];
  CHECK(!good.defect);
  CHECK(good.type == "good");
  CHECK(good.mask.empty());
  const Sample& crack = dataset.test.samples[4];
  CHECK(crack.defect);
  CHECK(crack.type == "crack");
  CHECK(crack.file == tree / "test/crack/1.png");
  CHECK(crack.mask == tree / "ground_truth/crack/1_mask.png");
  CHECK(dataset.test.samples[7].mask == tree / "ground_truth/hole/2.png");
  CHECK(dataset.test.samples[8].mask.empty());
}

TEST_CASE("GANomaly's names, plain folders and test sets alone are found") {
  const Tree gan, plain, test;
  gan.images("train/0.normal", 9);
  gan.images("test/0.normal", 2);
  gan.images("test/1.abnormal", 3);
  CHECK(gan.find().description ==
        "9 good images for training; test: 2 good, 3 defects of 1 type, no masks");
  plain.images(".", 10, ".tif");
  CHECK(plain.find().description == "10 good images for training; no test images");
  test.images("test/OK", 1);
  test.images("test/scratch", 1);
  CHECK(test.find().description ==
        "0 good images for training; test: 1 good, 1 defect of 1 type, no masks");
}

TEST_CASE("beside defects, some of the good pictures are held back, and stay so") {
  const Tree tree;
  tree.images("Good", 60);
  tree.images("crack", 5);
  tree.images("masks/crack", 5);
  tree.put("notes/list.txt", "");
  const Dataset before = tree.find();
  const std::size_t held = before.test.samples.size() - 5;
  CHECK(held > 4);
  CHECK(held < 24);
  CHECK(before.training.files.size() + held == 60);
  CHECK_CONTAINS(before.description,
                 "5 defects of 1 type, 5 masks; the good ones for the test are held back");
  for (int i = 60; i < 90; ++i) tree.put(text("Good/", i, ".png"), text(i));
  const Dataset after = tree.find();
  for (std::size_t i = 0; i < held; ++i)
    CHECK(after.test.samples[i].file == before.test.samples[i].file);

  const Tree direct;
  direct.images(".", 30);
  direct.images("hole", 2);
  CHECK_CONTAINS(direct.find().description, "2 defects of 1 type, no masks; the good ones");
}

TEST_CASE("every data folder that cannot be meant is refused with the remedy") {
  const Tree tree;
  CHECK_CONTAINS(error_of(Fault::data, [&] { find_dataset(tree / "none"); }),
                 "there is no such folder");
  CHECK_CONTAINS(error_of(Fault::data, [&] { find_dataset(tree.put("a.png", "")); }),
                 "is not a folder");
  const Tree empty, other, unlabelled, two, mixed, trained, nameless;
  CHECK_CONTAINS(empty.refusal(), "holds no images (png, jpg, bmp, tif, pgm, ppm); put images");
  other.put("x.webp", "");
  other.put("y.gif", "");
  CHECK_CONTAINS(other.refusal(), "but 2 other files, as x.webp; put");
  unlabelled.images("train/good", 2);
  unlabelled.images("test", 2);
  CHECK_CONTAINS(unlabelled.refusal(), "its images have no label");
  two.images("good", 2);
  two.images("OK", 2);
  CHECK_CONTAINS(two.refusal(), "two folders of good images");
  mixed.images("good", 2);
  mixed.images(".", 2);
  CHECK_CONTAINS(mixed.refusal(), "has images of its own, as 0.png, beside its folder good");
  trained.images("train/good", 2);
  trained.images("train/crack", 2);
  CHECK_CONTAINS(trained.refusal(), "training takes good images only");
  nameless.images("lot1", 2);
  CHECK_CONTAINS(nameless.refusal(), "no folder in it is called good (there is lot1)");
}

TEST_CASE("masks that fit no picture, or more than one, are refused by name") {
  const auto make = [](const Tree& tree) {
    tree.images("train/good", 9);
    tree.images("test/crack", 2);
    tree.images("ground_truth/crack", 2, "_mask.png");
  };
  const Tree orphan, foreign, twice, same_stem, extension, flat;
  make(orphan);
  orphan.put("ground_truth/crack/7_mask.png", "");
  std::string message = orphan.refusal();
  CHECK_CONTAINS(message, "1 mask has no image of the same name");
  CHECK_CONTAINS(message, "ground_truth/crack/7_mask.png");
  make(foreign);
  foreign.images("ground_truth/hole", 8);
  message = foreign.refusal();
  CHECK_CONTAINS(message, "8 masks have");
  CHECK_CONTAINS(message, "hole/4.png, ...;");
  make(twice);
  twice.put("ground_truth/crack/0.png", "");
  CHECK_CONTAINS(twice.refusal(), "has two masks");
  make(same_stem);
  same_stem.put("test/crack/1.jpg", "");
  CHECK_CONTAINS(same_stem.refusal(), "not clear whose mask is whose");
  make(extension);
  extension.put("ground_truth/crack/1_mask.bmp", "");
  CHECK_CONTAINS(extension.refusal(), "which mask belongs to the image");
  make(flat);
  flat.put("ground_truth/0_mask.png", "");
  CHECK_CONTAINS(flat.refusal(), "1 mask has no image");
}

TEST_CASE("too little for training or for a test is said before anything runs") {
  const Tree tree;
  tree.images("train/good", 7);
  const Dataset few = tree.find();
  CHECK_CONTAINS(error_of(Fault::data, [&] { require_training(few, tree.path()); }),
                 "has 7 good images for training, and at least 8 are needed");
  CHECK_CONTAINS(error_of(Fault::data, [&] { require_test(few, tree.path()); }),
                 "has no test images");
  tree.images("train/good", 8);
  tree.images("test/bad", 1);
  const Dataset enough = tree.find();
  CHECK(require_training(enough, tree.path()).files.size() == 8);
  CHECK(require_test(enough, tree.path()).samples.size() == 1);
}

}  // namespace
}  // namespace dagan
