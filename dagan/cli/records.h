// The results of `dagan detect`, one record an image, in three formats (docs/formats.md).
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace dagan {

struct Record {
  std::filesystem::path path;
  std::string error;  // not empty: the image could not be judged, and the numbers mean nothing
  bool defective = false;
  float score = 0, threshold = 0;
  std::optional<double> ratio = {};  // score / threshold; none for a threshold that is not positive
  double p_value = 0;
};

const char* verdict(const Record&);  // ok, ng, error

// `format` is table, csv or jsonl. Both return whole lines.
std::string record_header(const std::string& format);
std::string record_line(const Record&, const std::string& format);

}  // namespace dagan
