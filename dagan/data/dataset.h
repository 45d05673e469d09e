// What lies in a data folder. Three layouts are recognised by themselves:
//
//   train/good, test/TYPE, ground_truth/TYPE    MVTec's; pictures may also lie in train itself
//   good, TYPE ...                              a folder of good pictures beside folders of defects
//   pictures in the folder itself               good ones; folders beside them are types of defects
//
// Good folders may be called good, ok, normal or 0.normal; mask folders ground_truth or masks.
// Inside a type, pictures are looked for in all folders below. A mask is called STEM.EXT or
// STEM_mask.EXT after its picture and lies in MASKS/TYPE; masks of good pictures are not read.
// Without a test folder, a fifth of the good pictures, chosen by the SHA-256 of the files, is held
// back for the test where there are defects.
//
// Errors (Fault::data), with the remedy: a folder is missing or empty; defects in train; masks
// without a picture; two masks or two pictures with one name; pictures both in the folder and in
// its good folder.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace dagan {

// All that training may see: it has no way from here to a test picture, a label or a mask.
struct TrainingFiles {
  std::vector<std::filesystem::path> files;  // good pictures, in natural order
};

struct Sample {
  std::filesystem::path file;
  std::filesystem::path mask;  // empty: none; else anything above 0 is defective
  std::string type;            // the folder's name; "good" for every good picture
  bool defect = false;
};

struct TestSamples {
  std::vector<Sample> samples;  // good ones first, then type by type, in natural order
};

struct Dataset {
  TrainingFiles training;
  TestSamples test;
  std::string description;  // one line: "260 good images for training; test: 70 good, ..."
};

// Either part may be empty, not both. Opens no picture.
Dataset find_dataset(const std::filesystem::path& folder);

inline constexpr std::size_t kFewestTrainingImages = 8;

// The parts by themselves, with an error that says what is missing where there is too little.
TrainingFiles require_training(const Dataset& dataset, const std::filesystem::path& folder);
TestSamples require_test(const Dataset& dataset, const std::filesystem::path& folder);

}  // namespace dagan
